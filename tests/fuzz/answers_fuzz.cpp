// Question, answer, caption and object files, in every parser that takes them, then paired and read
// in every dialect. The input is QUESTIONS NUL ANSWERS; without a NUL both are the whole input.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "benchmarks/chair/score.h"
#include "benchmarks/pope/answers.h"
#include "benchmarks/pope/builder.h"

namespace {

// An Error is the right answer to a broken file; anything else ends the fuzzer.
template <typename Action>
void allow_error(const Action& action) {
  try {
    action();
  } catch (const vigor::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace chair = vigor::chair;
  using namespace vigor::pope;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t nul = input.find('\0');
  const std::string_view questions = input.substr(0, nul);
  const std::string_view answers = nul == std::string_view::npos ? input : input.substr(nul + 1);
  for (const Dialect dialect :
       {Dialect::kOfficial, Dialect::kLmms, Dialect::kVlmeval, Dialect::kStrict}) {
    decide(input, dialect);
    allow_error([&] {
      const auto split = parse_questions(questions, "coco_pope_random.json");
      const auto file = parse_answers(answers, "answers.jsonl");
      pair_answers({split, split}, {file}, dialect);
      pair_answers({split}, {file}, dialect);
    });
  }
  allow_error([&] { build_pope(parse_image_objects(questions, "objects.jsonl"), {}); });
  allow_error(
      [&] { chair::Vocabulary::parse(questions, "synonyms.txt").find({std::string(answers)}); });
  allow_error([&] { chair::parse_captions(answers, "captions.jsonl"); });
  allow_error([&] {
    const auto table = chair::ImageObjectTable::parse(questions, "objects.json");
    table.find("1");
    chair::Vocabulary(table.kinds()).find({std::string(answers)});
  });
  return 0;
}
