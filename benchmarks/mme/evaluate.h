// Runs MME on a model: questions grouped by picture, samples written as they end, and what a run
// folder already holds never asked again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.h"
#include "benchmarks/mme/dialect.h"
#include "benchmarks/mme/question.h"
#include "benchmarks/mme/results.h"
#include "benchmarks/yes_no/ask.h"
#include "lvlm/lvlm.h"
#include "run/run_folder.h"

namespace vigor::mme {

struct EvaluateOptions {
  std::filesystem::path data;  // the dataset folder, recorded for reports
  // When not empty: stands after a line break in place of "Please answer yes or no." at the end of
  // a question ("Answer the question using a single word or phrase."), as LLaVA and lmms-eval ask.
  // The official prompt is the question as it stands.
  std::string prompt_suffix;
  // The model repeats recorded answers, which are found by the question as it stands; the suffix is
  // that of the recorded run and is only recorded again.
  bool ask_bare_question = false;
  Dialect dialect = Dialect::kOfficial;
  // Failed samples up to which scores are given (at least 0).
  int64_t max_failures = 0;
  // Only the first so many pictures of each task; 0 is all.
  int64_t limit_images = 0;
  // Sentences to show beside the result, from reading the data.
  std::vector<std::string> warnings;
  GenerationOptions generation;
};

using yes_no::EvaluateResult;

// The settings of a run, compared when it is resumed: benchmark, dialect, prompt, generation,
// questions (task, hash, rows), model identity.
Json run_settings(const std::vector<Task>& tasks, const EvaluateOptions& options,
                  const Json& model_identity);
// Of these, the keys that no answer depends on (RunFolderOptions::uncompared).
std::vector<std::string> uncompared_settings();

// The tasks after limit_images.
std::vector<Task> limited(std::vector<Task> tasks, const EvaluateOptions& options);

// What the model is asked instead of the question's text.
std::string asked_text(const std::string& question, const EvaluateOptions& options);

// Asks what `folder` does not hold yet, then scores everything; the caller writes run.json and,
// last, metrics.json. A missing or broken picture fails its samples, not the run. Throws Error when
// the disk is full.
EvaluateResult evaluate(Lvlm& model, RunFolder& folder, const std::vector<Task>& tasks,
                        const EvaluateOptions& options, Progress& progress, std::stop_token stop);

// The samples that the folder holds, in the order of the tasks and their questions.
std::vector<SampleOutcome> folder_samples(const RunFolder& folder, const std::vector<Task>& tasks);

}  // namespace vigor::mme
