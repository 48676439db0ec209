// Figures as sums of ratios over clusters: what the bootstrap, paired differences and seeds work
// on.
//
// Every figure of the benchmarks here is R = sum over k of w_k * (sum_c a_kc) / (sum_c b_kc) over
// the clusters c (images): precision is one such ratio, POPE's average three with weight 1/3, MME's
// perception twenty with weight 100. So a cluster is described by a few sums, and nothing below
// ever touches single questions: a resample costs clusters x terms additions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "reports/statistics.h"

namespace vigor::statistics {

// One ratio of a figure; `clusters` has one entry for each cluster of the run, (0, 0) where the
// cluster has nothing to say.
struct RatioTerm {
  double weight = 1;
  std::vector<ClusterRatio> clusters;
};
using RatioSum = std::vector<RatioTerm>;

// The figure with the influences of its clusters. Empty when a denominator is 0 or there is no
// term. All terms have the same number of clusters.
std::optional<Estimate> sum_estimate(const RatioSum& sum);

// The same over other clusters: cluster c becomes `position[c]` of `count`; the others say nothing.
RatioSum placed(const RatioSum& sum, std::span<const size_t> position, size_t count);

// A figure that is no sum of ratios (AUROC), to first order as one: its value, its influences and
// its clusters come out of the term. `items` is how many items each cluster has; clusters without
// any have influence 0. Resampling such a term is the bootstrap of the first order alone.
RatioTerm linearised(const Estimate& estimate, std::span<const double> items);

// Expected calibration error (statistics.h) as one ratio: each bin stays on the side of the
// diagonal where it is found. `cluster` is that of each item, below `cluster_count`. Without items
// all is (0, 0).
RatioTerm calibration_term(std::span<const ProbabilityItem> items, std::span<const size_t> cluster,
                           size_t cluster_count, int bins = 10);

// Several trainings of one recipe (seeds) measured on the same images: the mean figure, its
// influences averaged, and the spread between seeds as a second source of error.
struct SeededEstimate {
  Estimate estimate;           // mean over the seeds
  std::vector<double> values;  // of each seed
  // Nothing about it was drawn: a checkpoint that all seeds start from, or a constant. It then adds
  // no spread between seeds to a difference.
  bool fixed = false;
  // Variance of one seed's figure that comes from the images it happened to get right: the spread
  // of its influences about their mean over the seeds. 0 with one seed.
  double residual_variance = 0;
};
// At least one estimate; all over the same clusters.
SeededEstimate seeded_estimate(std::span<const Estimate> seeds);

// b - a with images and seeds as sources of error: variance of the paired influences plus, where a
// side has several seeds, pooled variance between seeds * (1/S_a + 1/S_b). Of that variance the
// part that the images bring about (residual_variance) is taken off, since the influences hold it
// already; the degrees of freedom are Satterthwaite's. With one seed each this is
// paired_difference().
struct SeededDifference {
  Difference difference;
  double standard_error = 0;
  double degrees_of_freedom = 0;
  bool seeds_counted = false;  // false: one training each, so nothing is said about other trainings
};
// Empty when the clusters differ in number or fewer than two say anything.
std::optional<SeededDifference> seeded_difference(const SeededEstimate& a, const SeededEstimate& b,
                                                  double level = 0.95);
// The figure of one recipe by itself, with the same two sources of error; its p is of "is 0".
std::optional<SeededDifference> seeded_interval(const SeededEstimate& recipe, double level = 0.95);

// One-sided p values of "the difference is at most `bound`" (small: it is above) and "at least
// `bound`". With a standard error of 0 they are 0, or 1; at the bound itself both are 1.
struct OneSided {
  double above = 1;
  double below = 1;
};
OneSided one_sided(double difference, double bound, double standard_error,
                   double degrees_of_freedom);

// Smallest true difference (0 or more, in the figure's unit) that a one-sided test at `alpha`
// (0..1) finds with probability `power` (0..1).
double minimum_detectable_difference(double standard_error, double degrees_of_freedom, double alpha,
                                     double power = 0.8);

// Clusters that bring the minimum detectable difference down to `difference` (above 0), the
// standard error falling with their square root.
size_t clusters_needed(double standard_error, size_t clusters, double difference, double alpha,
                       double power = 0.8);

// Percentile intervals of figures under resampling of clusters: all figures of one call see the
// same resamples. Deterministic: the same seed gives the same intervals.
struct ResampleOptions {
  int resamples = 10000;  // 100 or more
  double level = 0.95;    // 0 < level < 1
  uint64_t seed = 0;
};
// One entry a figure; empty where it has no terms or fewer than two clusters. A resample in which a
// denominator is 0 is left out of that figure's.
std::vector<std::optional<Interval>> resampled_intervals(std::span<const RatioSum> figures,
                                                         const ResampleOptions& options = {});

}  // namespace vigor::statistics
