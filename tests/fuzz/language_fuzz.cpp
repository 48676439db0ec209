// The readers of tagger, Punkt and WordNet files, and any text through what they make.
//
// Input: weights, dictionary, classes (JSON); then abbrev_types.txt, collocations.tab,
// sent_starters.txt, ortho_context.tab; nouns; exceptions; and a text, separated by lines of three
// dashes. An input without such lines is the text alone, read with the data of the program.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "language/english.h"
#include "language/noun_phrases.h"
#include "language/word_tokenizer.h"

namespace {

using namespace vigor;
using namespace vigor::language;

std::string_view next_part(std::string_view& rest) {
  const size_t end = rest.find("\n---\n");
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 5);
  return part;
}

void check(bool holds) {
  if (!holds) std::abort();
}

// In order, without overlap, inside the text.
void check_spans(const std::vector<Span>& spans, std::string_view text) {
  size_t at = 0;
  for (const Span& span : spans) {
    check(span.begin >= at && span.begin < span.end && span.end <= text.size());
    at = span.end;
  }
}

void read_text(const SentenceSplitter& splitter, const Tagger& tagger,
               const NounPhraseFinder& finder, std::string_view text) {
  check_spans(splitter.split_finely(text), text);
  const std::vector<Span> sentences = splitter.split(text);
  check_spans(sentences, text);
  for (const Span& span : sentences) {
    const std::string_view sentence = text.substr(span.begin, span.end - span.begin);
    const std::vector<Word> words = tokenize_words(sentence);
    std::vector<std::string_view> texts;
    std::vector<Span> word_spans;
    for (const Word& word : words) {
      check(!word.text.empty());
      texts.push_back(word.text);
      word_spans.push_back(word.span);
    }
    check_spans(word_spans, sentence);
    const std::vector<std::string_view> tags = tagger.tag(texts);
    check(tags.size() == words.size());
    for (const NounPhrase& phrase : finder.find(words, tags)) {
      check(phrase.chunk.begin <= phrase.span.begin && phrase.span.end <= sentence.size());
      check(!phrase.concept_name.empty());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path folder = VIGOR_SOURCE_DIR "/data/text";
  static const English english = English::read({.folder = folder});
  static const NounPhraseFinder finder(english.nouns, NounLists::read(folder));
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.find("\n---\n") == std::string_view::npos) {
    read_text(english.sentences, english.tagger, finder, input);
    return 0;
  }
  std::string_view rest = input;
  try {
    const Json weights = parse_json(next_part(rest), "weights");
    const Json dictionary = parse_json(next_part(rest), "tagdict");
    const Tagger tagger(weights, dictionary, parse_json(next_part(rest), "classes"), "tagger");
    PunktParameters punkt;
    for (const std::filesystem::path& path : PunktParameters::files("")) {
      punkt.parse(path.string(), next_part(rest), path.string());
    }
    const std::string_view nouns = next_part(rest);
    const Lexicon lexicon(PartOfSpeech::kNoun, nouns, "nouns", next_part(rest), "exceptions");
    read_text(SentenceSplitter(std::move(punkt)), tagger,
              NounPhraseFinder(lexicon, {.stop = {"group"},
                                         .stuff = {"sky"},
                                         .objects = {"tv"},
                                         .compounds = {"hot_dog"},
                                         .other = {"up"}}),
              rest);
  } catch (const Error&) {
  }
  return 0;
}
