// Scores a ranking: mean ranks (batch) or Bradley-Terry strengths (pairs) with intervals by
// bootstrap over images, tests, and how far the judge can be trusted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "benchmarks/captions/calls.h"

namespace vigor::captions {

struct ScoreOptions {
  Mode mode = Mode::kBatch;
  std::vector<std::string> candidates;  // names, in the order in which they are shown
  std::vector<std::string> images;      // those of the run, sorted
  int64_t calls = 0;                    // that a complete run has
  // Failed calls up to which scores are given (0 or more); above, every score is null with a
  // reason.
  int64_t max_failures = 0;
  std::vector<std::string> warnings;  // written into metrics.json as they stand
  uint64_t seed = 0;                  // of the bootstrap
  int replicates = 2000;              // of the bootstrap; 0 gives no intervals
  double level = 0.95;                // of the intervals
};

// metrics.json from the lines of samples.jsonl, whatever their order; docs/format-ranking.md lists
// the keys. Throws Error naming `where` and the key for a row that another program wrote.
Json score_ranking(const std::vector<Json>& samples, const ScoreOptions& options,
                   const std::string& where);

// By metric in the order of ranking::kMetrics, image and candidate: the mean rank over the orders
// that were asked (in pairs: the share of lost comparisons); an image that the metric was not
// judged for has an empty row. In batch the mean over the images is the figure of metrics.json.
using ImageTable = std::vector<std::vector<double>>;
std::vector<ImageTable> ranks_by_image(const std::vector<Json>& samples,
                                       const ScoreOptions& options, const std::string& where);

bool scores_withheld(const Json& metrics);

}  // namespace vigor::captions
