// Every line of the NLTK goldens: sentences, words and tags, exactly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/files.h"
#include "base/json.h"
#include "language/noun_phrases.h"
#include "language/sentences.h"
#include "language/tagger.h"
#include "language/word_tokenizer.h"
#include "tests/testing/shared_data.h"

namespace vigor::language {
namespace {

using testing::shared;

constexpr const char* kSentences = "nltk/sentences.jsonl";
constexpr const char* kPhrases = "nltk/noun_phrases.jsonl";
constexpr const char* kTagged = "nltk/captions_tagged.jsonl";

std::vector<Span> spans_of(const Json& pairs) {
  std::vector<Span> spans;
  for (const Json& pair : pairs) spans.push_back({pair[0].get<size_t>(), pair[1].get<size_t>()});
  return spans;
}

TEST(ReferenceSentences, PunktSpansAreExact) {
  VIGOR_REQUIRE_SHARED(kSentences);
  const SentenceSplitter splitter(PunktParameters::read(shared("nltk/punkt_tab_english")));
  size_t texts = 0;
  for_each_jsonl(read_file(shared(kSentences)), kSentences, [&](size_t, Json&& row) {
    const std::string text = row["text"];
    EXPECT_EQ(splitter.split(text), spans_of(row["spans"])) << row["id"] << printable(text);
    ++texts;
  });
  EXPECT_GT(texts, 0u);
}

TEST(ReferenceWordTokenizer, WordsAndSpansAreExact) {
  VIGOR_REQUIRE_SHARED(kTagged);
  for_each_jsonl(read_file(shared(kTagged)), kTagged, [&](size_t, Json&& row) {
    const std::string sentence = row["sentence"];
    std::vector<std::string> words;
    std::vector<Span> spans;
    for (const Word& word : tokenize_words(sentence)) {
      words.emplace_back(word.text);
      spans.push_back(word.span);
    }
    EXPECT_EQ(words, row["tokens"].get<std::vector<std::string>>()) << row["id"];
    EXPECT_EQ(spans, spans_of(row["spans"])) << row["id"] << printable(sentence);
  });
}

TEST(ReferenceTagger, TagsAreExact) {
  VIGOR_REQUIRE_SHARED(kTagged);
  const Tagger tagger = Tagger::load(shared("nltk"));
  size_t tokens = 0;
  for_each_jsonl(read_file(shared(kTagged)), kTagged, [&](size_t, Json&& row) {
    const auto words = row["tokens"].get<std::vector<std::string>>();
    const std::vector<std::string_view> views(words.begin(), words.end());
    const auto tags = tagger.tag(views);
    EXPECT_EQ(std::vector<std::string>(tags.begin(), tags.end()),
              row["tags"].get<std::vector<std::string>>())
        << row["id"];
    tokens += words.size();
  });
  EXPECT_GT(tokens, 0u);
}

Json pair_of(const Span& span) {
  return {span.begin, span.end};
}

// The phrases of one golden sentence as the file writes them.
Json as_json(const std::string& sentence, const std::vector<NounPhrase>& phrases) {
  Json rows = Json::array();
  for (const NounPhrase& phrase : phrases) {
    rows.push_back(
        {{"text", sentence.substr(phrase.span.begin, phrase.span.end - phrase.span.begin)},
         {"tokens", {phrase.first_token, phrase.end_token}},
         {"span", pair_of(phrase.span)},
         {"np_span", pair_of(phrase.chunk)},
         {"head", phrase.head},
         {"lemma", phrase.lemma},
         {"morphy", phrase.morphy ? Json(*phrase.morphy) : Json()},
         {"query", phrase.query},
         {"concept", phrase.concept_name},
         {"class", name_of(phrase.noun_class)},
         {"why", name_of(phrase.reason)}});
  }
  return rows;
}

// With the lists of `lists` and the nouns of `nouns`; tags are the goldens' own.
void expect_golden_phrases(const std::filesystem::path& nouns, const std::filesystem::path& lists) {
  const Lexicon lexicon =
      Lexicon::read(PartOfSpeech::kNoun, nouns / "wordnet_nouns.tsv", nouns / "noun.exc");
  const NounPhraseFinder finder(lexicon, NounLists::read(lists));
  std::map<std::string, std::vector<std::string>> tags_of;
  for_each_jsonl(read_file(shared(kTagged)), kTagged, [&](size_t, Json&& row) {
    tags_of[row["id"]] = row["tags"].get<std::vector<std::string>>();
  });
  size_t phrases = 0;
  for_each_jsonl(read_file(shared(kPhrases)), kPhrases, [&](size_t, Json&& row) {
    const std::string sentence = row["sentence"];
    const std::vector<std::string>& tags = tags_of[row["id"]];
    const std::vector<std::string_view> views(tags.begin(), tags.end());
    const std::vector<Word> words = tokenize_words(sentence);
    ASSERT_EQ(words.size(), views.size()) << row["id"];
    EXPECT_EQ(as_json(sentence, finder.find(words, views)), row["phrases"]) << row["id"];
    phrases += row["phrases"].size();
  });
  EXPECT_GT(phrases, 0u);
}

TEST(ReferenceNounPhrases, PhrasesAreExact) {
  VIGOR_REQUIRE_SHARED(kPhrases);
  expect_golden_phrases(shared("nltk"), shared("nltk"));
}

TEST(ReferenceNounPhrases, TheShippedTablesGiveTheSame) {
  VIGOR_REQUIRE_SHARED(kPhrases);
  const auto shipped = testing::source_dir() / "data/text";
  expect_golden_phrases(shipped, shipped);
}

}  // namespace
}  // namespace vigor::language
