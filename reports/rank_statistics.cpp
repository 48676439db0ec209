#include "reports/rank_statistics.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <map>
#include <numeric>

#include "base/random.h"

namespace vigor::statistics {
namespace {

// Sum over groups of tied values of t^3 - t.
double tie_term(std::span<const double> values) {
  std::map<double, double> sizes;
  for (const double value : values) ++sizes[value];
  double sum = 0;
  for (const auto& [value, size] : sizes) sum += size * size * size - size;
  return sum;
}

// Two-sided p of a sum of ranks `low` (the smaller side) when every sign is a fair coin. Ranks are
// multiples of a half: twice the ranks are whole numbers, whose sums are counted.
double exact_p(const std::vector<double>& ranks, double low) {
  std::vector<size_t> twice;
  for (const double rank : ranks) twice.push_back(static_cast<size_t>(std::lround(2 * rank)));
  const size_t total = std::accumulate(twice.begin(), twice.end(), size_t{0});
  std::vector<double> share(total + 1);
  share[0] = 1;
  size_t largest = 0;
  for (const size_t rank : twice) {
    largest += rank;
    for (size_t sum = largest + 1; sum-- > 0;) {
      share[sum] = 0.5 * share[sum] + (sum >= rank ? 0.5 * share[sum - rank] : 0);
    }
  }
  const auto end = static_cast<std::ptrdiff_t>(std::lround(2 * low)) + 1;
  return std::min(1.0, 2 * std::accumulate(share.begin(), share.begin() + end, 0.0));
}

// True when every model is reachable from every other along wins: then, and only then, the
// likelihood has a maximum.
bool strongly_connected(const std::vector<std::vector<double>>& wins, double prior) {
  const size_t count = wins.size();
  for (const bool forward : {true, false}) {
    std::vector<bool> seen(count);
    std::vector<size_t> open = {0};
    seen[0] = true;
    while (!open.empty()) {
      const size_t i = open.back();
      open.pop_back();
      for (size_t j = 0; j < count; ++j) {
        if (seen[j] || i == j || (forward ? wins[i][j] : wins[j][i]) + prior <= 0) continue;
        seen[j] = true;
        open.push_back(j);
      }
    }
    if (std::find(seen.begin(), seen.end(), false) != seen.end()) return false;
  }
  return true;
}

}  // namespace

std::vector<double> mean_ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) {
      ranks[order[i]] = static_cast<double>(begin + end + 1) / 2;
    }
    begin = end;
  }
  return ranks;
}

std::optional<ChiSquared> friedman(const RankTable& ranks) {
  const auto w = kendalls_w(ranks);
  if (!w) return std::nullopt;
  const double models = static_cast<double>(ranks[0].size());
  ChiSquared out;
  out.statistic = static_cast<double>(ranks.size()) * (models - 1) * *w;
  out.degrees_of_freedom = models - 1;
  const boost::math::chi_squared_distribution<double> chi(out.degrees_of_freedom);
  out.p = boost::math::cdf(boost::math::complement(chi, std::max(0.0, out.statistic)));
  return out;
}

std::optional<double> kendalls_w(const RankTable& ranks) {
  if (ranks.size() < 2 || ranks[0].size() < 2) return std::nullopt;
  const double rows = static_cast<double>(ranks.size());
  const double models = static_cast<double>(ranks[0].size());
  std::vector<double> sums(ranks[0].size());
  double ties = 0;
  for (const std::vector<double>& row : ranks) {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += row[i];
    ties += tie_term(row);
  }
  double squares = 0;
  for (const double sum : sums) {
    const double off = sum - rows * (models + 1) / 2;
    squares += off * off;
  }
  const double most = rows * rows * (models * models * models - models) - rows * ties;
  if (most <= 0) return std::nullopt;
  return 12 * squares / most;
}

double binomial_at_least(int64_t successes, int64_t n, double p) {
  if (successes <= 0 || p >= 1) return 1;
  const boost::math::binomial_distribution<double> draws(static_cast<double>(n), p);
  return boost::math::cdf(boost::math::complement(draws, static_cast<double>(successes - 1)));
}

PairOrder compare_orders(std::span<const double> a, std::span<const double> b) {
  PairOrder out;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = i + 1; j < a.size(); ++j) {
      ++out.pairs;
      const double one = a[i] - a[j], other = b[i] - b[j];
      out.reversed += one * other < 0;
      out.untied += (one == 0) != (other == 0);
    }
  }
  return out;
}

SignedRank wilcoxon(std::span<const double> differences) {
  constexpr size_t kExact = 50;
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (const double difference : differences) {
    if (difference == 0) continue;
    sizes.push_back(std::abs(difference));
    positive.push_back(difference > 0);
  }
  SignedRank out;
  out.used = static_cast<int64_t>(sizes.size());
  if (sizes.empty()) return out;
  const std::vector<double> ranks = mean_ranks(sizes);
  double plus = 0, total = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    total += ranks[i];
    if (positive[i]) plus += ranks[i];
  }
  out.statistic = std::min(plus, total - plus);
  if (ranks.size() <= kExact) {
    out.p = exact_p(ranks, out.statistic);
    return out;
  }
  const double n = static_cast<double>(ranks.size());
  const double variance = n * (n + 1) * (2 * n + 1) / 24 - tie_term(sizes) / 48;
  const double z = (out.statistic - total / 2) / std::sqrt(variance);
  out.p = std::min(1.0, 2 * boost::math::cdf(boost::math::normal_distribution<double>(), z));
  return out;
}

std::optional<std::vector<double>> bradley_terry(const std::vector<std::vector<double>>& wins,
                                                 double prior) {
  constexpr int kMostSteps = 10000;
  constexpr double kSmall = 1e-10;
  const size_t count = wins.size();
  if (count < 2 || !strongly_connected(wins, prior)) return std::nullopt;
  std::vector<double> logs(count), strength(count, 1);
  for (int step = 0; step < kMostSteps; ++step) {
    double mean = 0, change = 0;
    std::vector<double> next(count);
    for (size_t i = 0; i < count; ++i) {
      double won = 0, denominator = 0;
      for (size_t j = 0; j < count; ++j) {
        if (i == j) continue;
        won += wins[i][j] + prior;
        denominator += (wins[i][j] + wins[j][i] + 2 * prior) / (strength[i] + strength[j]);
      }
      next[i] = std::log(won / denominator);
      mean += next[i] / static_cast<double>(count);
    }
    for (size_t i = 0; i < count; ++i) {
      next[i] -= mean;
      change = std::max(change, std::abs(next[i] - logs[i]));
      strength[i] = std::exp(next[i]);
    }
    logs = std::move(next);
    if (change < kSmall) break;
  }
  return logs;
}

std::vector<std::optional<Interval>> bootstrap(
    size_t images, const std::function<std::vector<double>(const ImageWeights&)>& evaluate,
    const BootstrapOptions& options) {
  std::vector<std::vector<double>> values;  // of each statistic, over the replicates
  ImageWeights weights(images);
  for (int replicate = 0; replicate < options.replicates; ++replicate) {
    CounterRandom random(options.seed, "bootstrap", static_cast<uint64_t>(replicate));
    std::fill(weights.begin(), weights.end(), 0);
    for (size_t i = 0; i < images; ++i) ++weights[random.below(static_cast<uint32_t>(images))];
    const std::vector<double> now = evaluate(weights);
    values.resize(now.size());
    for (size_t i = 0; i < now.size(); ++i) {
      if (!std::isnan(now[i])) values[i].push_back(now[i]);
    }
  }
  std::vector<std::optional<Interval>> out(values.size());
  for (size_t i = 0; i < values.size() && images > 1; ++i) {
    std::vector<double>& sorted = values[i];
    if (sorted.empty()) continue;
    std::sort(sorted.begin(), sorted.end());
    // Linear between order statistics, as the usual quantile of software.
    const auto quantile = [&](double q) {
      const double at = q * static_cast<double>(sorted.size() - 1);
      const auto below = static_cast<size_t>(at);
      const size_t above = std::min(below + 1, sorted.size() - 1);
      return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
    };
    out[i] = Interval{quantile((1 - options.level) / 2), quantile((1 + options.level) / 2)};
  }
  return out;
}

}  // namespace vigor::statistics
