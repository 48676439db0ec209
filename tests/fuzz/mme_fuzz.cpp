// MME's question, result and LLaVA answer files, read and paired in every dialect. The input is
// RESULTS NUL ANSWERS; without a NUL both are the whole input.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "benchmarks/mme/results.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor::mme;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t nul = input.find('\0');
  const std::string_view results = input.substr(0, nul);
  const std::string_view answers = nul == std::string_view::npos ? input : input.substr(nul + 1);
  // An Error is the right answer to a broken file; anything else ends the fuzzer.
  try {
    parse_question_file(input, "0001.txt");
  } catch (const vigor::Error&) {
  }
  for (const Dialect dialect :
       {Dialect::kOfficial, Dialect::kLmms, Dialect::kVlmeval, Dialect::kStrict}) {
    decide(input, dialect);
    try {
      std::vector<std::string> warnings;
      std::vector<Task> tasks = {pair_results("count", parse_results(results, "count.txt"), dialect,
                                              "count.txt", &warnings)};
      finish_tasks(&tasks, [](const Question&, const Question&) { return true; });
      parse_llava_answers(answers, "answers.jsonl", tasks);
    } catch (const vigor::Error&) {
    }
  }
  return 0;
}
