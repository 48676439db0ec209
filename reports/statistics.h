// The one statistics module: estimates with errors that are robust to clusters.
//
// The questions of one image are not independent, so the image is the unit of every interval and
// test here. An estimate carries, for each cluster, its influence: how far that cluster pushed it
// (the linearised estimator, also called delta method or Taylor linearisation: Binder 1983).
// Everything else follows from influences: the variance, the mean of several estimates on the same
// images, the difference of two. Deterministic: nothing is resampled. No LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vigor::statistics {

struct Interval {
  double low = 0;
  double high = 0;
};

struct Estimate {
  double value = 0;
  // One for each cluster, in the caller's order; they sum to 0. var(value) = C/(C-1) * sum of
  // squares.
  std::vector<double> influence;
  // Clusters that had anything to say (C above); the others have influence 0.
  size_t clusters = 0;

  // Of the value; 0 when clusters < 2 (then there is no interval either).
  double variance() const;
};

// A ratio R = (sum of a) / (sum of b) over clusters, such as precision: a = TP, b = TP + FP of an
// image. Influence of cluster c: (a_c - R b_c) / sum b.
struct ClusterRatio {
  double numerator = 0;
  double denominator = 0;
};
// Empty when the sum of the denominators is 0.
std::optional<Estimate> ratio_estimate(std::span<const ClusterRatio> clusters);

// The plain mean of estimates over the same clusters (same length of influence; at least one).
Estimate mean_estimate(std::span<const Estimate> estimates);

// One scored item for auroc_estimate.
struct RankedItem {
  double score = 0;  // larger means more probably positive
  bool positive = false;
  size_t cluster = 0;
};
// Area under the ROC curve: the share of (positive, negative) pairs that the score orders rightly,
// ties counted half, with the influences of clusters (DeLong 1988; Obuchowski 1997 for clusters).
// Empty without a positive or a negative; scores must not be NaN, clusters < cluster_count.
std::optional<Estimate> auroc_estimate(std::span<const RankedItem> items, size_t cluster_count);

// Interval of a share (0..1): Wilson's, with the effective sample size p(1-p)/variance in place of
// n and Student's t (clusters - 1 degrees) in place of the normal quantile (Korn and Graubard 1998
// for the idea). Where the variance is 0 (all right, all wrong) the effective size is the number of
// clusters, so the interval stays wide where little was seen. Empty with fewer than two clusters.
std::optional<Interval> share_interval(const Estimate& estimate, double level = 0.95);

// Expected calibration error over equal-width bins of probability (Naeini 2015; Guo 2017).
struct CalibrationBin {
  double low = 0, high = 0;
  int64_t count = 0;
  double mean_probability = 0;  // of the items in the bin; 0 when empty
  double share_positive = 0;
};
struct Calibration {
  double ece = 0;  // sum over bins of count/N * |mean_probability - share_positive|
  std::vector<CalibrationBin> bins;
};
struct ProbabilityItem {
  double probability = 0;  // 0..1
  bool positive = false;
};
// The bin of a probability: bins are closed below, the last one above as well.
size_t calibration_bin(double probability, int bins);
// Empty without items.
std::optional<Calibration> calibration(std::span<const ProbabilityItem> items, int bins = 10);

// Exact McNemar test: of `only_a + only_b` disagreements each is a fair coin under the hypothesis
// of no difference. Two-sided p, at most 1; 1 without disagreements. Not robust to clusters: prefer
// paired_difference for a verdict, this one for the customary figure.
double mcnemar_exact(int64_t only_a, int64_t only_b);

// b - a of two estimates over the same clusters, with a t interval and a two-sided p value.
struct Difference {
  double value = 0;
  Interval interval;
  double p = 1;
};
// Empty when the clusters differ in number or fewer than two say anything.
std::optional<Difference> paired_difference(const Estimate& a, const Estimate& b,
                                            double level = 0.95);

// Holm's step-down adjustment of p values for a family of tests, in the order given.
std::vector<double> holm(std::span<const double> p);

// Two-sided quantile of Student's t: |t| is below it with probability `level` (0 < level < 1, df >=
// 1).
double student_t(double level, double degrees_of_freedom);

}  // namespace vigor::statistics
