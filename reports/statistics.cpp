#include "reports/statistics.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

namespace vigor::statistics {
namespace {

size_t count_nonzero(std::span<const double> values) {
  return static_cast<size_t>(
      std::count_if(values.begin(), values.end(), [](double v) { return v != 0; }));
}

// For each item the share of the other class that it is ordered rightly against, ties half.
// Items come sorted by score.
std::vector<double> placements(std::span<const RankedItem> sorted, double positives,
                               double negatives) {
  std::vector<double> result(sorted.size());
  double positives_below = 0;
  double negatives_below = 0;
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin;
    double tied_positives = 0;
    double tied_negatives = 0;
    for (; end < sorted.size() && sorted[end].score == sorted[begin].score; ++end) {
      ++(sorted[end].positive ? tied_positives : tied_negatives);
    }
    for (size_t i = begin; i < end; ++i) {
      if (sorted[i].positive) {
        result[i] = (negatives_below + tied_negatives / 2) / negatives;
      } else {
        result[i] = (positives - positives_below - tied_positives / 2) / positives;
      }
    }
    positives_below += tied_positives;
    negatives_below += tied_negatives;
    begin = end;
  }
  return result;
}

}  // namespace

double Estimate::variance() const {
  if (clusters < 2) return 0;
  double squares = 0;
  for (double u : influence) squares += u * u;
  const double c = static_cast<double>(clusters);
  return squares * c / (c - 1);
}

std::optional<Estimate> ratio_estimate(std::span<const ClusterRatio> clusters) {
  double a = 0;
  double b = 0;
  Estimate estimate;
  for (const ClusterRatio& cluster : clusters) {
    a += cluster.numerator;
    b += cluster.denominator;
    if (cluster.denominator != 0) ++estimate.clusters;
  }
  if (b == 0) return std::nullopt;
  estimate.value = a / b;
  estimate.influence.reserve(clusters.size());
  for (const ClusterRatio& cluster : clusters) {
    estimate.influence.push_back((cluster.numerator - estimate.value * cluster.denominator) / b);
  }
  return estimate;
}

Estimate mean_estimate(std::span<const Estimate> estimates) {
  Estimate mean;
  if (estimates.empty()) return mean;
  mean.influence.assign(estimates[0].influence.size(), 0);
  const double n = static_cast<double>(estimates.size());
  for (const Estimate& estimate : estimates) {
    mean.value += estimate.value;
    mean.clusters = std::max(mean.clusters, estimate.clusters);
    for (size_t c = 0; c < mean.influence.size(); ++c)
      mean.influence[c] += estimate.influence[c] / n;
  }
  mean.value /= n;
  return mean;
}

std::optional<Estimate> auroc_estimate(std::span<const RankedItem> items, size_t cluster_count) {
  std::vector<RankedItem> sorted(items.begin(), items.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const RankedItem& x, const RankedItem& y) { return x.score < y.score; });
  const auto positives = static_cast<double>(
      std::count_if(items.begin(), items.end(), [](const RankedItem& i) { return i.positive; }));
  const double negatives = static_cast<double>(items.size()) - positives;
  if (positives == 0 || negatives == 0) return std::nullopt;

  const std::vector<double> placement = placements(sorted, positives, negatives);
  Estimate estimate;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i].positive) estimate.value += placement[i] / positives;
  }
  estimate.influence.assign(cluster_count, 0);
  std::vector<double> seen(cluster_count, 0);
  for (size_t i = 0; i < sorted.size(); ++i) {
    const double size = sorted[i].positive ? positives : negatives;
    estimate.influence[sorted[i].cluster] += (placement[i] - estimate.value) / size;
    seen[sorted[i].cluster] = 1;
  }
  estimate.clusters = count_nonzero(seen);
  return estimate;
}

std::optional<Interval> share_interval(const Estimate& estimate, double level) {
  if (estimate.clusters < 2) return std::nullopt;
  const double p = std::clamp(estimate.value, 0.0, 1.0);
  const double variance = estimate.variance();
  const double clusters = static_cast<double>(estimate.clusters);
  // Rounding leaves a variance of about 1e-33 where the influences cancel.
  const double n = variance > 1e-18 && p > 0 && p < 1 ? p * (1 - p) / variance : clusters;
  const double t = student_t(level, clusters - 1);
  const double shrink = 1 + t * t / n;
  const double centre = (p + t * t / (2 * n)) / shrink;
  const double half = t / shrink * std::sqrt(p * (1 - p) / n + t * t / (4 * n * n));
  return Interval{std::max(0.0, std::min(p, centre - half)),
                  std::min(1.0, std::max(p, centre + half))};
}

size_t calibration_bin(double probability, int bins) {
  return static_cast<size_t>(std::clamp(static_cast<int>(probability * bins), 0, bins - 1));
}

std::optional<Calibration> calibration(std::span<const ProbabilityItem> items, int bins) {
  if (items.empty() || bins < 1) return std::nullopt;
  Calibration result;
  result.bins.resize(static_cast<size_t>(bins));
  for (int b = 0; b < bins; ++b) {
    result.bins[static_cast<size_t>(b)].low = static_cast<double>(b) / bins;
    result.bins[static_cast<size_t>(b)].high = static_cast<double>(b + 1) / bins;
  }
  for (const ProbabilityItem& item : items) {
    CalibrationBin& bin = result.bins[calibration_bin(item.probability, bins)];
    ++bin.count;
    bin.mean_probability += item.probability;
    bin.share_positive += item.positive ? 1 : 0;
  }
  for (CalibrationBin& bin : result.bins) {
    if (bin.count == 0) continue;
    const double count = static_cast<double>(bin.count);
    bin.mean_probability /= count;
    bin.share_positive /= count;
    result.ece += count / static_cast<double>(items.size()) *
                  std::abs(bin.mean_probability - bin.share_positive);
  }
  return result;
}

double mcnemar_exact(int64_t only_a, int64_t only_b) {
  const int64_t n = only_a + only_b;
  if (n <= 0) return 1;
  const boost::math::binomial_distribution<double> coin(static_cast<double>(n), 0.5);
  const auto fewer = static_cast<double>(std::min(only_a, only_b));
  return std::min(1.0, 2 * boost::math::cdf(coin, fewer));
}

std::optional<Difference> paired_difference(const Estimate& a, const Estimate& b, double level) {
  if (a.influence.size() != b.influence.size()) return std::nullopt;
  Estimate difference;
  difference.value = b.value - a.value;
  difference.clusters = std::max(a.clusters, b.clusters);
  if (difference.clusters < 2) return std::nullopt;
  for (size_t c = 0; c < a.influence.size(); ++c) {
    difference.influence.push_back(b.influence[c] - a.influence[c]);
  }
  const double df = static_cast<double>(difference.clusters) - 1;
  const double error = std::sqrt(difference.variance());
  const double half = student_t(level, df) * error;
  Difference result{difference.value, {difference.value - half, difference.value + half}, 1};
  if (error > 0) {
    const boost::math::students_t_distribution<double> t(df);
    result.p = 2 * boost::math::cdf(boost::math::complement(t, std::abs(difference.value) / error));
  } else if (difference.value != 0) {
    result.p = 0;
  }
  return result;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) { return p[x] < p[y]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double factor = static_cast<double>(p.size() - rank);
    largest = std::max(largest, std::min(1.0, p[order[rank]] * factor));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

double student_t(double level, double degrees_of_freedom) {
  const boost::math::students_t_distribution<double> t(degrees_of_freedom);
  return boost::math::quantile(boost::math::complement(t, (1 - level) / 2));
}

}  // namespace vigor::statistics
