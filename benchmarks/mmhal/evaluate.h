// Runs MMHal-Bench: a model's answers, then a judge's ratings of them; both are written as they
// end, and what a run folder holds already is never asked again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.h"
#include "benchmarks/mmhal/judge_prompt.h"
#include "benchmarks/mmhal/score.h"
#include "lvlm/lvlm.h"
#include "run/run_folder.h"

namespace vigor::mmhal {

struct EvaluateOptions {
  Dialect dialect = Dialect::kStrict;
  JudgePrompt prompt;
  // Times that each answer is judged (at least 1); more than one shows the judge's own spread.
  int repeats = 1;
  // Tokens of a judge's reply at most.
  int judge_max_tokens = 1024;
  // Records without an answer or without any reply, up to which scores are given (at least 0).
  int64_t max_failures = 0;
  // Only the first so many records; 0 is all.
  int64_t limit = 0;
  std::filesystem::path images;  // folder of the pictures
  GenerationOptions generation;
};

struct StageResult {
  bool interrupted = false;  // stop was requested before everything was asked
  int64_t rows = 0;          // samples that this session wrote
  int64_t asked = 0;         // questions that were asked
};

// Asks `model` the questions that `folder` holds no answer for, and puts all answers and failures
// into `records`. A missing or broken picture fails its record, not the run. Of a model that
// computes pictures together, the batch in which a run was stopped is computed again. Rows of
// `folder` are
// {"key", "record", "image", "question", "answer", "status": "answered" or "failed", "finish",
// "tokens", "error"}.
StageResult answer_records(Lvlm& model, RunFolder& folder, std::vector<Record>& records,
                           const EvaluateOptions& options, Progress& progress,
                           std::stop_token stop);

// Asks `judge` for what `folder` has no verdict on. Rows as docs/format-mmhal.md lists them. What
// ends the judging as a whole (budget, deadline) is an Error; what was judged stays.
StageResult judge_records(ChatClient& judge, RunFolder& folder, const std::vector<Record>& records,
                          const EvaluateOptions& options, Progress& progress, std::stop_token stop);

// The rows of stored replies, in the order of the records; `records` may be empty (the replies
// alone are known). Throws Error naming `where` when a reply is to a record that there is none of.
std::vector<Json> review_rows(const std::vector<Review>& reviews,
                              const std::vector<Record>& records, Dialect dialect,
                              const std::string& where);

// Scores the samples that `folder` holds, in the order of the records. `described` joins the
// result: who judged, with which template.
Json score_folder(const RunFolder& folder, size_t records, const EvaluateOptions& options,
                  const Json& described);

// "17", and "17#1" for its second judging.
std::string sample_key(size_t record, int repeat);

// "limited to the first 8 records", "48 records, not the published 96": what must be said beside
// the figures.
std::vector<std::string> record_warnings(size_t records, const EvaluateOptions& options);

}  // namespace vigor::mmhal
