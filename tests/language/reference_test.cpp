// Every line of the NLTK goldens: sentences, words and tags, exactly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "language/sentences.h"
#include "language/tagger.h"
#include "language/word_tokenizer.h"
#include "tests/testing/shared_data.h"

namespace vigor::language {
namespace {

using testing::shared;

constexpr const char* kSentences = "nltk/sentences.jsonl";
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

}  // namespace
}  // namespace vigor::language
