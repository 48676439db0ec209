// samples.jsonl of a ranking, read for scoring.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "judges/ranking/metrics.h"

namespace vigor::captions {

// One call that has rankings.
struct Judged {
  size_t image = 0;
  int order = 0, repeat = 0;
  std::vector<size_t> shown;  // candidates in the order shown, without the canary
  bool canary = false;
  // By metric, parallel to `shown`: ranks among the candidates alone, ties shared.
  std::array<std::optional<std::vector<double>>, ranking::kMetricCount> ranks;
  // By metric, with a canary: its place from 0 (first) to 1 (last), ties shared.
  std::array<std::optional<double>, ranking::kMetricCount> canary_place;
  std::array<bool, ranking::kMetricCount> canary_first{};  // in the best group, maybe with others
  // By metric, with a canary: the share of what was shown that is in the best group, which is how
  // often the canary would be by drawing lots.
  std::array<double, ranking::kMetricCount> canary_chance{};
};

struct SampleCounts {
  int64_t scored = 0, unjudged = 0, failed = 0;
  int64_t partial = 0;  // of the scored: some metrics have no ranking
};

struct JudgedSamples {
  std::vector<Judged> calls;  // sorted by image, candidates, order and repeat
  SampleCounts counts;
};

// Throws Error naming `where` and the sample's key when a row is not of these candidates and
// images.
JudgedSamples read_judged(const std::vector<Json>& samples,
                          const std::vector<std::string>& candidates,
                          const std::vector<std::string>& images, const std::string& where);

}  // namespace vigor::captions
