// The statistics of rankings: what statistics.h is for shares. The image is the unit everywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "reports/statistics.h"

namespace vigor::statistics {

// One row a block (image), one column a model; 1 is best, ties share the mean of their places. All
// rows have the same length.
using RankTable = std::vector<std::vector<double>>;

// Ranks from 1 (the smallest value), ties sharing the mean of their places.
std::vector<double> mean_ranks(std::span<const double> values);

// Friedman's test that all models have the same distribution of ranks, with the correction for
// ties; chi-squared with models - 1 degrees of freedom. Empty with fewer than two rows or models,
// and when every row is one complete tie.
struct ChiSquared {
  double statistic = 0;
  double degrees_of_freedom = 0;
  double p = 1;
};
std::optional<ChiSquared> friedman(const RankTable& ranks);

// Kendall's coefficient of concordance of the rows (judges, or repeats of one judge), corrected for
// ties: 1 when all rank alike, about 0 when they do not agree. Empty as friedman().
std::optional<double> kendalls_w(const RankTable& ranks);

// The probability of `successes` or more of `n` (0 to n) when each has probability `p`.
double binomial_at_least(int64_t successes, int64_t n, double p);

// How often two rankings of the same candidates contradict each other.
struct PairOrder {
  int64_t pairs = 0;     // of candidates
  int64_t reversed = 0;  // a before b in one, b before a in the other
  int64_t untied = 0;    // tied in exactly one of them
};
PairOrder compare_orders(std::span<const double> a, std::span<const double> b);

// Wilcoxon's signed-rank test of paired differences; zeros are left out, ties share ranks. Two-
// sided: exact up to 50 differences (the distribution given the ties), else the normal
// approximation with the correction for ties, without one for continuity. p is 1 when all are 0.
struct SignedRank {
  double statistic = 0;  // the smaller of the two sums of ranks
  int64_t used = 0;      // differences that are not 0
  double p = 1;
};
SignedRank wilcoxon(std::span<const double> differences);

// Strengths of the Bradley-Terry model, P(i beats j) = s_i / (s_i + s_j), by the MM algorithm
// (Hunter 2004), as natural logs with mean 0. wins[i][j] is how often i beat j; a tie is half a win
// each. `prior` wins each way are added to every pair (0 or more): with some the strengths are
// finite even when a model won or lost every time. Empty when they are not finite.
std::optional<std::vector<double>> bradley_terry(const std::vector<std::vector<double>>& wins,
                                                 double prior = 0);

// Percentile intervals of statistics under resampling of images. `evaluate` gets how often each
// image was drawn (sum: images) and gives the same number of values each time; a NaN is left out.
// Images are drawn by a counter-based generator: the same seed gives the same intervals.
struct BootstrapOptions {
  int replicates = 2000;  // 100 or more
  double level = 0.95;    // 0 < level < 1
  uint64_t seed = 0;
};
using ImageWeights = std::vector<int>;
std::vector<std::optional<Interval>> bootstrap(
    size_t images, const std::function<std::vector<double>(const ImageWeights&)>& evaluate,
    const BootstrapOptions& options = {});

}  // namespace vigor::statistics
