// Scores MME: acc, acc+ and score of each task, the sums perception and cognition, each with a 95 %
// interval clustered by image; for models run here also AUROC and calibration of the yes margin.
//
//   acc   = questions right / questions        acc+ = pictures with both right / pictures
//   score = 100 acc + 100 acc+  (0 to 200)
// computed in the order of the official calculation.py, so that its figures come out to the last
// digit. What the other dialects count differently is in docs/dialects.md.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "benchmarks/mme/results.h"

namespace vigor::mme {

struct ScoreOptions {
  // Failed samples of the whole run up to which scores are given (at least 0); above, every score
  // is null with a reason.
  int64_t max_failures = 0;
  // Written into metrics.json as they stand.
  std::vector<std::string> warnings{};
  // False when rows are still missing (a stopped or limited run).
  bool complete = true;
  // Level of the intervals (0 < level < 1), and bins of the calibration curve (at least 1).
  double level = 0.95;
  int calibration_bins = 10;
};

// metrics.json; docs/format-mme.md lists the keys. A value that cannot be computed is null, and
// `reason` beside it says why.
Json score_tasks(const std::vector<SampleOutcome>& samples, Dialect dialect,
                 const ScoreOptions& options = {});

// One row of samples.jsonl, and its outcome again, for scoring a run folder. sample_of_row throws
// Error naming `where` and the key.
Json sample_row(const SampleOutcome& sample, Dialect dialect);
SampleOutcome sample_of_row(const Json& row, const std::string& where);

}  // namespace vigor::mme
