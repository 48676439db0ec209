// Reading captions: tokens a second of the tagger, captions a minute of the whole path, on the
// texts of a JSONL file with "caption" or "text" in each row, or on one caption of the usual kind.
#include <benchmark/benchmark.h>

#include "base/json.h"
#include "language/english.h"
#include "language/noun_phrases.h"
#include "language/word_tokenizer.h"

namespace vigor::language {
namespace {

EnglishFiles files{.folder = VIGOR_SOURCE_DIR "/data/text"};
std::vector<std::string> captions = {
    "The image features a woman sitting at a dining table, taking a picture of two slices of pizza "
    "placed on a paper plate. She is using a camera to capture the delicious meal in front of her. "
    "The table is surrounded by chairs, with one on the left side and another on the right.\n\nIn "
    "the background, there are other people present, possibly enjoying their meals or engaging in "
    "conversations. A backpack can be seen on the right side of the table."};

const English& english() {
  static const English data = English::read(files);
  return data;
}

std::string_view part(std::string_view text, Span span) {
  return text.substr(span.begin, span.end - span.begin);
}

void tag(benchmark::State& state) {
  std::vector<std::vector<std::string_view>> sentences;
  int64_t tokens = 0;
  for (const std::string& caption : captions) {
    for (const Span& span : english().sentences.split(caption)) {
      auto& words = sentences.emplace_back();
      for (const Word& word : tokenize_words(part(caption, span))) words.push_back(word.text);
      tokens += static_cast<int64_t>(words.size());
    }
  }
  for (auto _ : state) {
    for (const auto& words : sentences) benchmark::DoNotOptimize(english().tagger.tag(words));
  }
  state.counters["tokens/s"] = benchmark::Counter(static_cast<double>(tokens * state.iterations()),
                                                  benchmark::Counter::kIsRate);
}
BENCHMARK(tag);

void whole_path(benchmark::State& state) {
  const NounPhraseFinder finder(english().nouns, NounLists::read(files.folder));
  for (auto _ : state) {
    for (const std::string& caption : captions) {
      for (const Span& span : english().sentences.split(caption)) {
        const std::vector<Word> words = tokenize_words(part(caption, span));
        std::vector<std::string_view> texts;
        for (const Word& word : words) texts.push_back(word.text);
        benchmark::DoNotOptimize(finder.find(words, english().tagger.tag(texts)));
      }
    }
  }
  state.counters["captions/min"] = benchmark::Counter(
      60.0 * static_cast<double>(captions.size()) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}
BENCHMARK(whole_path);

}  // namespace
}  // namespace vigor::language

// language_benchmark [--benchmark_...] [CAPTIONS.jsonl [TAGGER_FOLDER [PUNKT_FOLDER]]]
int main(int argc, char** argv) {
  using namespace vigor::language;
  benchmark::Initialize(&argc, argv);
  if (argc > 1) {
    captions.clear();
    for (const vigor::JsonRow& row : vigor::read_json_rows(argv[1]))
      captions.push_back(row.value.contains("caption") ? row.value["caption"] : row.value["text"]);
  }
  if (argc > 2) files.tagger = argv[2];
  if (argc > 3) files.punkt = argv[3];
  benchmark::RunSpecifiedBenchmarks();
}
