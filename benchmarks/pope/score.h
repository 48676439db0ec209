// Scores POPE: per split TP, FP, TN, FN, accuracy, precision, recall, F1 and yes ratio, each with a
// 95 % interval clustered by image; for models run here also AUROC and calibration of the yes
// margin.
//
//   accuracy = (TP + TN) / n     precision = TP / (TP + FP)     recall = TP / (TP + FN)
//   F1 = 2 P R / (P + R)         yes ratio = "yes" decisions / answers
// computed in the order of the official script, so that its figures come out to the last digit.
// What the other dialects count differently is in docs/dialects.md.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "benchmarks/pope/answers.h"
#include "benchmarks/pope/dialect.h"
#include "reports/resampling.h"

namespace vigor::pope {

struct ScoreOptions {
  // Failed samples of the whole run up to which scores are given (at least 0); above, every score
  // is null with a reason.
  int64_t max_failures = 0;
  // Splits in the order in which they are shown; empty: the order of first appearance. A split
  // without samples gets nulls.
  std::vector<std::string> splits{};
  // Order in which the average adds the splits up, which decides its last digit; splits that are
  // not named follow. Empty: random, popular, adversarial, then by name: the order in which a user
  // names files does not count.
  std::vector<std::string> average_order{};
  // From pair_answers: they make `complete` false.
  std::vector<SplitCut> cuts{};
  // Written into metrics.json as they stand.
  std::vector<std::string> warnings{};
  // False when rows are still missing (a stopped or limited run).
  bool complete = true;
  // Level of the intervals (0 < level < 1), and bins of the calibration curve (at least 1).
  double level = 0.95;
  int calibration_bins = 10;
};

// metrics.json: {"benchmark": "pope", "dialect", "complete", "splits": {NAME: {...}}, "average",
// "counts":
// {"scored", "unparsed", "failed", "unjudged"}, "warnings"}; docs/format-pope.md lists the keys. A
// value that cannot be computed is null, and `reason` beside it says why.
Json score_splits(const std::vector<SampleOutcome>& samples, Dialect dialect,
                  const ScoreOptions& options = {});

// The figures of score_splits taken apart by image, for pairing and resampling: `terms` over
// `images` give `block`.`name` of metrics.json, but for surplus answers and up to rounding.
struct FigureByImage {
  std::string block;  // a split, or "average"
  std::string name;   // "accuracy", "precision", "recall", "f1", "yes_ratio"
  statistics::RatioSum terms;
};
struct FiguresByImage {
  std::vector<std::string> images;
  std::vector<FigureByImage> figures;  // by split in `options.splits`' order, the average last
};
FiguresByImage figures_by_image(const std::vector<SampleOutcome>& samples, Dialect dialect,
                                const ScoreOptions& options = {});

// True when score_splits gave no scores because of failures: the command exits with an error.
bool scores_withheld(const Json& metrics);

// One row of samples.jsonl: {"key", "split", "question_id", "image", "question", "label", "status",
// "answer", "decision", "correct", "margin", "finish", "error"}.
Json sample_row(const SampleOutcome& sample, Dialect dialect);

// The row's outcome, for scoring a run folder again. Throws Error naming `where` and the key.
SampleOutcome sample_of_row(const Json& row, const std::string& where);

// "random/17": unique within a run.
std::string sample_key(const std::string& split, const Question& question);

}  // namespace vigor::pope
