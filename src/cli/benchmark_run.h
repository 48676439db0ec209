// What the yes/no benchmarks' commands do alike: open a model and a run folder, ask, record what it
// cost, write figures and report, end with the right exit code.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "benchmarks/yes_no/ask.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "run/run_folder.h"

namespace vigor {

// One benchmark's part in a run.
struct BenchmarkRun {
  std::string out;    // the run folder
  uint64_t seed = 0;  // of random weights
  // Everything that an answer depends on, by the model's identity, and the keys of it that may
  // change between a run and its rerun.
  std::function<Json(const Json& identity)> settings;
  std::vector<std::string> uncompared;
  // The keys of run.json beside settings and measurements.
  std::function<Json(const Json& identity)> record;
  std::function<yes_no::EvaluateResult(Lvlm&, RunFolder&, Progress&)> evaluate;
  // Ends a run whose questions are all answered; see finish_run.
  std::function<ExitCode(RunFolder&, const Json& metrics)> finish;
};

ExitCode run_on_model(const CommandContext& context, const ModelOptions& model,
                      const BenchmarkRun& run);

// Answers of a run that are scored again (--model recorded:RUN/samples.jsonl) keep the prompt that
// they were given to. Returns true for such a model and sets `suffix` to that of the recorded run,
// whose template and system prompt are part of the model's identity; throws a usage Error when
// --prompt-suffix, --conversation or --system-prompt says something else.
bool inherit_recorded_prompt(const ModelOptions& model, std::string* suffix);

struct FinishOptions {
  int64_t max_failures = 0;
  bool from_model = true;              // false: answers made elsewhere
  std::function<void()> write_report;  // empty: no report
  std::function<std::string()> table;  // for the terminal
};

// Writes metrics.json and the report, prints the table (or with --json the metrics). Throws Error
// when the scores are withheld.
ExitCode finish_run(const CommandContext& context, RunFolder& folder, const Json& metrics,
                    const FinishOptions& options);

}  // namespace vigor
