// Scores MMHal-Bench from a judge's replies:
//   average            mean rating, 0 to 6
//   hallucination rate share of ratings below 3
//   informativeness    RLHF-V's: mean over records of (rating >= 3 ? rating - 3 : rating) / 3
// over all records and over each type, each with a 95 % interval, computed in the order of the
// official script so that its figures come out to the last digit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "benchmarks/mmhal/rating.h"

namespace vigor::mmhal {

// What became of one record in one repeat of the judging.
struct Outcome {
  size_t record = 0;
  int repeat = 0;
  std::string type;     // as the records' file names it; "" is that of the position
  std::string image;    // the unit of the intervals; "" is the record itself
  std::string failure;  // not empty: the model gave no answer, and why
  std::string silence;  // not empty: the judge gave no reply, and why
  // With `silence`: the judge refused rather than could not be reached; asking again would be paid
  // again and answered alike.
  bool refused = false;
  std::string reply;
};

struct ScoreOptions {
  // Records of the benchmark; 0: those that the outcomes name. Missing ones make `complete` false.
  size_t records = 0;
  int repeats = 1;
  // Records without an answer or without any reply of the judge, up to which scores are given (at
  // least 0); above, every score is null with a reason. Replies that cannot be used do not count.
  int64_t max_failures = 0;
  std::vector<std::string> warnings{};
  bool complete = true;
  // Level of the intervals (0 < level < 1).
  double level = 0.95;
};

// "scored", "failed" (no answer), or "unjudged" (no reply, or one that cannot be used).
struct Reading {
  const char* status = "unjudged";
  std::optional<int> score;
  std::string reason;
};
Reading read_outcome(const Outcome& outcome, Dialect dialect);

// metrics.json, as docs/format-mmhal.md lists it. A value that cannot be computed is null, and
// `reason` says why. With the repeats of a record its score is their mean.
Json score_outcomes(const std::vector<Outcome>& outcomes, Dialect dialect,
                    const ScoreOptions& options = {});

// True when scores were withheld because of failures.
bool scores_withheld(const Json& metrics);

}  // namespace vigor::mmhal
