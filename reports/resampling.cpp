#include "reports/resampling.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>

#include "base/random.h"

namespace vigor::statistics {
namespace {

double t_quantile(double probability, double degrees_of_freedom) {
  const boost::math::students_t_distribution<double> t(degrees_of_freedom);
  return boost::math::quantile(t, probability);
}

// Draws of clusters with replacement, four to a block of the generator.
class Draws {
 public:
  Draws(uint64_t seed, uint64_t resample)
      : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}, resample_(resample) {}

  // Uniform in [0, bound). The multiplication is biased by bound / 2^32, far below what a resample
  // can show, and needs no rejection.
  uint32_t below(uint32_t bound) {
    if (at_ == 4) {
      words_ =
          philox4x32({static_cast<uint32_t>(block_), static_cast<uint32_t>(block_ >> 32),
                      static_cast<uint32_t>(resample_), static_cast<uint32_t>(resample_ >> 32)},
                     key_);
      ++block_;
      at_ = 0;
    }
    return static_cast<uint32_t>((uint64_t{words_[at_++]} * bound) >> 32);
  }

 private:
  std::array<uint32_t, 2> key_;
  uint64_t resample_;
  uint64_t block_ = 0;
  size_t at_ = 4;
  std::array<uint32_t, 4> words_{};
};

// The sums that the figures need, each once: POPE's average uses the columns of its splits again.
struct Columns {
  std::vector<std::vector<double>> columns;
  std::map<std::vector<double>, size_t> known;

  size_t of(const RatioTerm& term, double ClusterRatio::*part) {
    std::vector<double> column;
    column.reserve(term.clusters.size());
    for (const ClusterRatio& cluster : term.clusters) column.push_back(cluster.*part);
    const auto [found, fresh] = known.try_emplace(column, columns.size());
    if (fresh) columns.push_back(std::move(column));
    return found->second;
  }
};

struct TermPlace {
  double weight;
  size_t numerator, denominator;
};

double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::optional<Estimate> sum_estimate(const RatioSum& sum) {
  if (sum.empty()) return std::nullopt;
  Estimate total;
  total.influence.assign(sum.front().clusters.size(), 0);
  std::vector<char> speaks(total.influence.size(), 0);
  for (const RatioTerm& term : sum) {
    const std::optional<Estimate> one = ratio_estimate(term.clusters);
    if (!one) return std::nullopt;
    total.value += term.weight * one->value;
    for (size_t c = 0; c < total.influence.size(); ++c) {
      total.influence[c] += term.weight * one->influence[c];
      if (term.clusters[c].denominator != 0) speaks[c] = 1;
    }
  }
  total.clusters = static_cast<size_t>(std::count(speaks.begin(), speaks.end(), 1));
  return total;
}

RatioSum placed(const RatioSum& sum, std::span<const size_t> position, size_t count) {
  RatioSum out;
  for (const RatioTerm& term : sum) {
    RatioTerm moved{term.weight, std::vector<ClusterRatio>(count)};
    for (size_t c = 0; c < term.clusters.size(); ++c) {
      moved.clusters[position[c]] = term.clusters[c];
    }
    out.push_back(std::move(moved));
  }
  return out;
}

RatioTerm linearised(const Estimate& estimate, std::span<const double> items) {
  double all = 0;
  for (const double count : items) all += count;
  RatioTerm term;
  term.clusters.resize(items.size());
  for (size_t c = 0; c < items.size(); ++c) {
    if (!(items[c] > 0)) continue;
    // (a - R b) / sum b is the influence, and sum a / sum b the value, since influences sum to 0.
    term.clusters[c] = {estimate.value * items[c] + estimate.influence[c] * all, items[c]};
  }
  return term;
}

RatioTerm calibration_term(std::span<const ProbabilityItem> items, std::span<const size_t> cluster,
                           size_t cluster_count, int bins) {
  RatioTerm term;
  term.clusters.resize(cluster_count);
  const auto curve = calibration(items, bins);
  if (!curve) return term;
  for (size_t i = 0; i < items.size(); ++i) {
    const CalibrationBin& bin = curve->bins[calibration_bin(items[i].probability, bins)];
    const double apart = items[i].probability - (items[i].positive ? 1 : 0);
    term.clusters[cluster[i]].numerator +=
        bin.mean_probability < bin.share_positive ? -apart : apart;
    term.clusters[cluster[i]].denominator += 1;
  }
  return term;
}

SeededEstimate seeded_estimate(std::span<const Estimate> seeds) {
  SeededEstimate out;
  out.estimate = mean_estimate(seeds);
  for (const Estimate& seed : seeds) out.values.push_back(seed.value);
  if (seeds.size() < 2 || out.estimate.clusters < 2) return out;
  double squares = 0;
  for (const Estimate& seed : seeds) {
    for (size_t c = 0; c < seed.influence.size(); ++c) {
      const double apart = seed.influence[c] - out.estimate.influence[c];
      squares += apart * apart;
    }
  }
  const auto clusters = static_cast<double>(out.estimate.clusters);
  out.residual_variance =
      squares * clusters / (clusters - 1) / static_cast<double>(seeds.size() - 1);
  return out;
}

std::optional<SeededDifference> seeded_difference(const SeededEstimate& a, const SeededEstimate& b,
                                                  double level) {
  const Estimate &base = a.estimate, &other = b.estimate;
  if (base.influence.size() != other.influence.size()) return std::nullopt;
  Estimate paired;
  paired.value = other.value - base.value;
  paired.clusters = std::max(base.clusters, other.clusters);
  if (paired.clusters < 2) return std::nullopt;
  for (size_t c = 0; c < base.influence.size(); ++c) {
    paired.influence.push_back(other.influence[c] - base.influence[c]);
  }
  const double image_variance = paired.variance();
  const double image_df = static_cast<double>(paired.clusters) - 1;

  double squares = 0, residual = 0, seed_df = 0, reciprocals = 0;
  for (const SeededEstimate* side : {&a, &b}) {
    if (side->fixed) continue;
    const auto seeds = static_cast<double>(side->values.size());
    for (const double value : side->values) {
      squares += (value - side->estimate.value) * (value - side->estimate.value);
    }
    residual += side->residual_variance * (seeds - 1);
    seed_df += seeds - 1;
    reciprocals += 1 / seeds;
  }
  SeededDifference out;
  out.seeds_counted = seed_df > 0;
  const double between = out.seeds_counted ? squares / seed_df * reciprocals : 0;
  const double luck =
      out.seeds_counted ? std::max(0.0, squares - residual) / seed_df * reciprocals : 0;
  const double variance = image_variance + luck;
  out.standard_error = std::sqrt(variance);
  out.degrees_of_freedom = image_df;
  if (luck > 0) {
    // The correction is known well, by all images; what is uncertain is the spread that was seen.
    out.degrees_of_freedom =
        variance * variance /
        (image_variance * image_variance / image_df + between * between / seed_df);
    out.degrees_of_freedom = std::clamp(out.degrees_of_freedom, 1.0, image_df + seed_df);
  }
  const double half = student_t(level, out.degrees_of_freedom) * out.standard_error;
  out.difference = {paired.value, {paired.value - half, paired.value + half}, 1};
  const OneSided sides = one_sided(paired.value, 0, out.standard_error, out.degrees_of_freedom);
  out.difference.p = std::min(1.0, 2 * std::min(sides.above, sides.below));
  return out;
}

std::optional<SeededDifference> seeded_interval(const SeededEstimate& recipe, double level) {
  SeededEstimate nothing;
  nothing.estimate.influence.resize(recipe.estimate.influence.size());
  nothing.values = {0};
  nothing.fixed = true;
  return seeded_difference(nothing, recipe, level);
}

OneSided one_sided(double difference, double bound, double standard_error,
                   double degrees_of_freedom) {
  const double distance = difference - bound;
  // Rounding of figures that are equal leaves 1e-17; no figure here is that finely graded.
  constexpr double kExact = 1e-12;
  if (!(standard_error > kExact)) {
    if (std::abs(distance) <= kExact) return {1, 1};
    return {distance > 0 ? 0.0 : 1.0, distance < 0 ? 0.0 : 1.0};
  }
  const boost::math::students_t_distribution<double> t(degrees_of_freedom);
  const double below = boost::math::cdf(t, distance / standard_error);
  const double above = boost::math::cdf(boost::math::complement(t, distance / standard_error));
  return {above, below};
}

double minimum_detectable_difference(double standard_error, double degrees_of_freedom, double alpha,
                                     double power) {
  return std::max(0.0, t_quantile(1 - alpha, degrees_of_freedom) +
                           t_quantile(power, degrees_of_freedom)) *
         standard_error;
}

size_t clusters_needed(double standard_error, size_t clusters, double difference, double alpha,
                       double power) {
  if (!(difference > 0) || clusters < 2) return 0;
  const double now = minimum_detectable_difference(standard_error,
                                                   static_cast<double>(clusters) - 1, alpha, power);
  const double ratio = now / difference;
  const double needed = std::ceil(static_cast<double>(clusters) * ratio * ratio);
  return static_cast<size_t>(std::clamp(needed, 2.0, 1e15));
}

std::vector<std::optional<Interval>> resampled_intervals(std::span<const RatioSum> figures,
                                                         const ResampleOptions& options) {
  std::vector<std::optional<Interval>> out(figures.size());
  Columns columns;
  std::vector<std::vector<TermPlace>> places(figures.size());
  size_t clusters = 0;
  for (size_t f = 0; f < figures.size(); ++f) {
    for (const RatioTerm& term : figures[f]) {
      clusters = term.clusters.size();
      places[f].push_back({term.weight, columns.of(term, &ClusterRatio::numerator),
                           columns.of(term, &ClusterRatio::denominator)});
    }
  }
  if (clusters < 2 || options.resamples < 1) return out;
  // By cluster, so that one draw reads one stretch of memory.
  const size_t width = columns.columns.size();
  std::vector<double> rows(clusters * width);
  for (size_t k = 0; k < width; ++k) {
    for (size_t c = 0; c < clusters; ++c) rows[c * width + k] = columns.columns[k][c];
  }
  std::vector<std::vector<double>> values(figures.size());
  for (auto& list : values) list.reserve(static_cast<size_t>(options.resamples));
  std::vector<double> sums(width);
  for (int r = 0; r < options.resamples; ++r) {
    Draws draws(options.seed, static_cast<uint64_t>(r));
    std::fill(sums.begin(), sums.end(), 0);
    double* const into = sums.data();
    for (size_t i = 0; i < clusters; ++i) {
      const double* const row =
          rows.data() + size_t{draws.below(static_cast<uint32_t>(clusters))} * width;
      for (size_t k = 0; k < width; ++k) into[k] += row[k];
    }
    for (size_t f = 0; f < figures.size(); ++f) {
      double value = 0;
      bool defined = !places[f].empty();
      for (const TermPlace& term : places[f]) {
        defined = defined && sums[term.denominator] != 0;
        if (!defined) break;
        value += term.weight * sums[term.numerator] / sums[term.denominator];
      }
      if (defined) values[f].push_back(value);
    }
  }
  for (size_t f = 0; f < figures.size(); ++f) {
    if (values[f].empty()) continue;
    std::sort(values[f].begin(), values[f].end());
    out[f] = Interval{quantile(values[f], (1 - options.level) / 2),
                      quantile(values[f], (1 + options.level) / 2)};
  }
  return out;
}

}  // namespace vigor::statistics
