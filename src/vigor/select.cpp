#include "vigor/select.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "base/error.h"

namespace vigor {
namespace {

struct Sums {
  double penalty = 0, credit = 0;
  double bonus = 0;  // of detail and creativity
};

void check(const std::vector<ScoredCaption>& captions, const SelectOptions& options) {
  if (options.streams.empty()) {
    throw Error({.what = "no stream of scores to select by",
                 .fix = "name at least one of automatic, reward_model",
                 .exit_code = ExitCode::kUsage});
  }
  const auto not_a_weight = [](double w) { return !std::isfinite(w) || w < 0; };
  bool any = false;
  for (const StreamOptions& stream : options.streams) {
    if (not_a_weight(stream.weight)) {
      throw Error({.what = "the weight of stream '" + stream.name + "' is no number of at least 0",
                   .exit_code = ExitCode::kUsage});
    }
    any = any || stream.weight > 0;
  }
  if (!any) {
    throw Error({.what = "every stream has weight 0, so that nothing decides",
                 .exit_code = ExitCode::kUsage});
  }
  if (not_a_weight(options.positive_weight)) {
    throw Error({.what = "the weight of positive signals is no number of at least 0",
                 .exit_code = ExitCode::kUsage});
  }
  if (options.length_fair && (options.per_sentence || options.positive_weight != 0)) {
    throw Error({.what = "the length-fair rule is combined with another way to weigh length",
                 .cause = "it counts what is right by itself",
                 .fix = "leave out per_sentence and positive_weight",
                 .exit_code = ExitCode::kUsage});
  }
  if (not_a_weight(options.detail_weight) || not_a_weight(options.creative_weight)) {
    throw Error({.what = "the weight of detail or creativity is no number of at least 0",
                 .exit_code = ExitCode::kUsage});
  }
  const ScoredCaption* before = nullptr;
  for (const ScoredCaption& caption : captions) {
    const std::string where = caption.image + "#" + std::to_string(caption.sample);
    if (before != nullptr && before->image == caption.image && before->sample == caption.sample) {
      throw Error({.what = "a caption is there twice", .where = where});
    }
    before = &caption;
    for (const auto& extra : {caption.detail, caption.creative}) {
      if (!extra || !not_a_weight(*extra)) continue;
      throw Error({.what = "a level of detail or creativity is no number of at least 0",
                   .where = where,
                   .cause = "the scores were changed by hand"});
    }
    for (const auto& signals : caption.signals) {
      if (!signals) continue;
      for (const double value : {signals->negative, signals->positive}) {
        if (!std::isfinite(value) || value < 0) {
          throw Error({.what = "a signal is no number of at least 0",
                       .where = where,
                       .cause = "the scores were written by another program, or changed by hand"});
        }
      }
    }
  }
}

// Population variance, by two passes.
double variance(const std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  // Rounding of the mean is no variation.
  const double least = mean * mean * 1e-24;
  return sum / n > least ? sum / n : 0;
}

// Rank of each value among all, ties averaged, divided by their number.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    const double rank = (static_cast<double>(i + end) + 1) / 2;
    for (size_t j = i; j < end; ++j) out[order[j]] = rank / static_cast<double>(values.size());
    i = end;
  }
  return out;
}

// Normalises the values of one stream in place; gives what they were divided by.
double normalise_values(std::vector<double>& values, Normalise how) {
  if (how == Normalise::kRank) {
    values = ranks(values);
    return 0;
  }
  const double of = variance(values);
  const double scale = how == Normalise::kVariance ? of : std::sqrt(of);
  for (double& v : values) v = scale > 0 ? v / scale : 0;
  return scale;
}

// Negative and positive sums to what the first exceed chance by, in place; gives how often a thing
// is negative.
double make_excess(std::vector<double>& negative, const std::vector<double>& positive) {
  const double wrong = std::accumulate(negative.begin(), negative.end(), 0.0);
  const double all = std::accumulate(positive.begin(), positive.end(), wrong);
  const double share = all > 0 ? wrong / all : 0;
  for (size_t i = 0; i < negative.size(); ++i) {
    const double n = negative[i] + positive[i];
    negative[i] = n > 0 ? (negative[i] - share * n) / std::sqrt(n) : 0;
  }
  return share;
}

// Adds weight * value, normalised over the captions that have one, to their bonus; the others
// cannot be chosen.
void add_bonus(const std::vector<ScoredCaption>& captions,
               std::optional<double> ScoredCaption::*value, double weight, Normalise how,
               std::vector<Sums>& sums, std::vector<bool>& complete) {
  if (weight == 0) return;
  std::vector<size_t> with;
  std::vector<double> values;
  for (size_t i = 0; i < captions.size(); ++i) {
    const auto& one = captions[i].*value;
    if (!one) {
      complete[i] = false;
      continue;
    }
    with.push_back(i);
    values.push_back(*one);
  }
  normalise_values(values, how);
  for (size_t j = 0; j < with.size(); ++j) sums[with[j]].bonus += weight * values[j];
}

// Sums that differ by rounding alone are equal: what a constant added to every caption of a stream
// must not change. Differences are counted from the image's best.
int64_t steps_above(double value, double best) {
  const double size = std::max({std::abs(value), std::abs(best), 1.0});
  const double steps = (value - best) / size * 1e9;
  return static_cast<int64_t>(std::llround(std::min(steps, 4e18)));
}

}  // namespace

std::string_view name_of(Normalise normalise) {
  switch (normalise) {
    case Normalise::kVariance:
      return "variance";
    case Normalise::kStd:
      return "std";
    case Normalise::kRank:
      return "rank";
  }
  return "";
}

Normalise normalise_of(const std::string& name, const std::string& where) {
  for (const Normalise one : {Normalise::kVariance, Normalise::kStd, Normalise::kRank}) {
    if (name == name_of(one)) return one;
  }
  throw Error({.what = "'" + name + "' is no way to normalise",
               .where = where,
               .fix = "one of variance, std, rank",
               .exit_code = ExitCode::kUsage});
}

Selection select_captions(std::vector<ScoredCaption> captions, const SelectOptions& options) {
  std::sort(captions.begin(), captions.end(), [](const ScoredCaption& a, const ScoredCaption& b) {
    return std::tie(a.image, a.sample) < std::tie(b.image, b.sample);
  });
  check(captions, options);

  Selection out;
  std::vector<Sums> sums(captions.size());
  std::vector<bool> complete(captions.size(), true);
  for (size_t k = 0; k < options.streams.size(); ++k) {
    const double weight = options.streams[k].weight;
    std::vector<size_t> with;
    std::vector<double> negative, positive;
    for (size_t i = 0; i < captions.size(); ++i) {
      const auto* signals = k < captions[i].signals.size() && captions[i].signals[k]
                                ? &*captions[i].signals[k]
                                : nullptr;
      if (signals == nullptr) {
        if (weight > 0) complete[i] = false;
        continue;
      }
      const double share =
          options.per_sentence
              ? 1.0 / static_cast<double>(std::max<int64_t>(captions[i].sentences, 1))
              : 1.0;
      with.push_back(i);
      negative.push_back(signals->negative * share);
      positive.push_back(signals->positive * share);
    }
    Selection::Scale scale;
    scale.captions = static_cast<int64_t>(with.size());
    if (options.length_fair) scale.share_negative = make_excess(negative, positive);
    scale.negative = normalise_values(negative, options.normalise);
    scale.positive = normalise_values(positive, options.normalise);
    out.scales.push_back(scale);
    if (options.first) continue;
    for (size_t j = 0; j < with.size(); ++j) {
      sums[with[j]].penalty += weight * negative[j];
      sums[with[j]].credit += weight * positive[j];
    }
  }
  if (!options.first) {
    add_bonus(captions, &ScoredCaption::detail, options.detail_weight, options.normalise, sums,
              complete);
    add_bonus(captions, &ScoredCaption::creative, options.creative_weight, options.normalise, sums,
              complete);
  }

  for (size_t first = 0; first < captions.size();) {
    size_t end = first;
    while (end < captions.size() && captions[end].image == captions[first].image) ++end;
    std::vector<size_t> able;
    for (size_t i = first; i < end; ++i) {
      if (complete[i]) able.push_back(i);
    }
    if (able.empty()) {
      out.without_score.push_back(captions[first].image);
    } else {
      const auto penalty = [&](size_t i) {
        return sums[i].penalty - options.positive_weight * sums[i].credit - sums[i].bonus;
      };
      double least = penalty(able[0]), most = sums[able[0]].credit;
      for (const size_t i : able) {
        least = std::min(least, penalty(i));
        most = std::max(most, sums[i].credit);
      }
      const auto key = [&](size_t i) {
        return std::make_tuple(steps_above(penalty(i), least), -steps_above(sums[i].credit, most),
                               captions[i].sample);
      };
      std::sort(able.begin(), able.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
      Selected one;
      one.image = captions[first].image;
      one.sample = captions[able[0]].sample;
      one.penalty = penalty(able[0]);
      one.credit = sums[able[0]].credit;
      one.candidates = static_cast<int64_t>(able.size());
      one.left_out = static_cast<int64_t>(end - first - able.size());
      one.decided_by = "penalty";
      if (able.size() > 1) {
        const auto best = key(able[0]), next = key(able[1]);
        if (std::get<0>(best) == std::get<0>(next)) {
          one.decided_by = std::get<1>(best) == std::get<1>(next) ? "id" : "credit";
        }
      }
      for (const size_t i : able) one.order.push_back(captions[i].sample);
      out.chosen.push_back(std::move(one));
    }
    first = end;
  }
  return out;
}

}  // namespace vigor
