// Runs POPE on a model: questions grouped by image, duplicates asked once, samples written as they
// end, and what a run folder already holds never asked again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.h"
#include "benchmarks/pope/dialect.h"
#include "benchmarks/pope/question.h"
#include "benchmarks/yes_no/ask.h"
#include "lvlm/lvlm.h"
#include "run/run_folder.h"

namespace vigor::pope {

struct EvaluateOptions {
  std::filesystem::path images;  // folder of the pictures
  // Follows the question after a line break when not empty ("Answer the question using a single
  // word or phrase."). The official prompt is the question as it stands.
  std::string prompt_suffix;
  // The model repeats recorded answers, which are found by the bare question; the suffix is that of
  // the recorded run and is only recorded again.
  bool ask_bare_question = false;
  Dialect dialect = Dialect::kOfficial;
  // Failed samples up to which scores are given (at least 0).
  int64_t max_failures = 0;
  // Only the first so many images, in the order of the question files; 0 is all.
  int64_t limit_images = 0;
  GenerationOptions generation;
};

using yes_no::EvaluateResult;

// The settings of a run, compared when it is resumed: benchmark, dialect, prompt, generation,
// question files (name, hash, rows), model identity.
Json run_settings(const std::vector<QuestionSplit>& splits, const EvaluateOptions& options,
                  const Json& model_identity);
// Of these, the keys that no answer depends on (RunFolderOptions::uncompared).
std::vector<std::string> uncompared_settings();

// The rows that a run covers after limit_images; throws Error for an image name that leaves
// options.images, before anything is asked.
std::vector<QuestionSplit> limited(std::vector<QuestionSplit> splits,
                                   const EvaluateOptions& options);

// Asks what `folder` does not hold yet, then scores everything; the caller writes run.json and,
// last, metrics.json. A missing or broken picture fails its samples, not the run. Throws Error when
// the disk is full.
EvaluateResult evaluate(Lvlm& model, RunFolder& folder, const std::vector<QuestionSplit>& splits,
                        const EvaluateOptions& options, Progress& progress, std::stop_token stop);

// Scores the samples that the folder holds; rows in the order of the question files.
Json score_folder(const RunFolder& folder, const std::vector<QuestionSplit>& splits,
                  const EvaluateOptions& options);

}  // namespace vigor::pope
