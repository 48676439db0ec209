#include "benchmarks/captions/trust.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <string>

#include "reports/rank_statistics.h"

namespace vigor::captions {
namespace {

using ranking::kMetricCount;

// Above these shares the result carries a warning.
constexpr double kManyReversed = 0.25;
constexpr double kCanaryFirst = 0.05;
// Below this probability it is no accident that canaries come first.
constexpr double kNoAccident = 0.01;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", share * 100);
  return text;
}

// Ranks by candidate, so that calls with other places can be compared.
std::vector<double> by_candidate(const Judged& call, size_t metric, size_t candidates) {
  std::vector<double> out(candidates);
  for (size_t i = 0; i < call.shown.size(); ++i) out[call.shown[i]] = (*call.ranks[metric])[i];
  return out;
}

struct Agreement {
  int64_t pairs = 0, reversed = 0, untied = 0;
  double concordance = 0;  // sum of W
  int64_t groups = 0;      // that have a W

  // `rankings` are of the same candidates; those not among them are 0 in all.
  void add(const statistics::RankTable& rankings, size_t shown) {
    for (size_t i = 0; i < rankings.size(); ++i) {
      for (size_t j = i + 1; j < rankings.size(); ++j) {
        const auto order = statistics::compare_orders(rankings[i], rankings[j]);
        reversed += order.reversed;
        untied += order.untied;
        pairs += static_cast<int64_t>(shown * (shown - 1) / 2);
      }
    }
    statistics::RankTable compact;
    for (const std::vector<double>& row : rankings) {
      compact.emplace_back();
      for (const double rank : row) {
        if (rank > 0) compact.back().push_back(rank);
      }
    }
    if (const auto w = statistics::kendalls_w(compact)) {
      concordance += *w;
      ++groups;
    }
  }
  Json json() const {
    const auto all = static_cast<double>(pairs);
    return {{"pairs", pairs},
            {"reversed", pairs > 0 ? Json(static_cast<double>(reversed) / all) : Json()},
            {"tied_in_one", pairs > 0 ? Json(static_cast<double>(untied) / all) : Json()},
            {"kendalls_w", groups > 0 ? Json(concordance / static_cast<double>(groups)) : Json()}};
  }
};

bool same_question(const Judged& a, const Judged& b) {
  return a.image == b.image && std::set<size_t>(a.shown.begin(), a.shown.end()) ==
                                   std::set<size_t>(b.shown.begin(), b.shown.end());
}

// Agreement over groups of calls about the same candidates of one image; `use` says which calls
// of a group are compared with each other.
template <typename Use>
Json agreement(const std::vector<Judged>& calls, size_t candidates, Use&& use) {
  Agreement total;
  std::array<Agreement, kMetricCount> metrics;
  for (size_t begin = 0; begin < calls.size();) {
    size_t end = begin;
    while (end < calls.size() && same_question(calls[begin], calls[end])) ++end;
    for (size_t m = 0; m < kMetricCount; ++m) {
      statistics::RankTable rankings;
      for (size_t i = begin; i < end; ++i) {
        if (use(calls[i]) && calls[i].ranks[m]) {
          rankings.push_back(by_candidate(calls[i], m, candidates));
        }
      }
      if (rankings.size() < 2) continue;
      metrics[m].add(rankings, calls[begin].shown.size());
      total.add(rankings, calls[begin].shown.size());
    }
    begin = end;
  }
  if (total.pairs == 0) return Json();
  Json out = total.json();
  for (size_t m = 0; m < kMetricCount; ++m) {
    out["metrics"][std::string(ranking::kMetrics[m].code)] = metrics[m].json();
  }
  return out;
}

// Mean rank by place in the prompt; without bias all are the mean of the ranks.
Json places(const std::vector<Judged>& calls) {
  std::vector<double> sums, numbers;
  for (const Judged& call : calls) {
    if (call.repeat > 0) continue;
    for (const auto& ranks : call.ranks) {
      if (!ranks) continue;
      sums.resize(std::max(sums.size(), ranks->size()));
      numbers.resize(sums.size());
      for (size_t i = 0; i < ranks->size(); ++i) {
        sums[i] += (*ranks)[i];
        ++numbers[i];
      }
    }
  }
  Json out = Json::array();
  for (size_t i = 0; i < sums.size(); ++i) out.push_back(sums[i] / numbers[i]);
  return out;
}

// How often the canary came first, how often it would by drawing lots, and the probability of so
// many or more by lots. The metrics of one call go together, so that the call is the unit of the
// test: the share that came first, of as many draws as there were calls.
Json canaries(const std::vector<Judged>& calls) {
  int64_t shown = 0, rankings = 0, first = 0, ranked = 0;
  double place = 0, chance = 0;
  for (const Judged& call : calls) {
    if (!call.canary || call.repeat > 0) continue;
    ++shown;
    const int64_t before = rankings;
    for (size_t m = 0; m < kMetricCount; ++m) {
      if (!call.canary_place[m]) continue;
      ++rankings;
      place += *call.canary_place[m];
      first += call.canary_first[m];
      chance += call.canary_chance[m];
    }
    ranked += rankings > before;
  }
  if (rankings == 0) return Json();
  const auto all = static_cast<double>(rankings);
  const double share = static_cast<double>(first) / all;
  // Rounded down; what is added is for products such as 0.1 * 10.
  const auto draws = static_cast<int64_t>(share * static_cast<double>(ranked) + 1e-9);
  return {{"calls", shown},
          {"rankings", rankings},
          {"first_share", share},
          {"chance", chance / all},
          {"p", statistics::binomial_at_least(draws, ranked, std::min(chance / all, 1.0))},
          {"mean_place", place / all}};
}

}  // namespace

void add_trust(Json& metrics, const std::vector<Judged>& calls, size_t candidates) {
  Json& warnings = metrics["warnings"];
  metrics["orders"] =
      agreement(calls, candidates, [](const Judged& call) { return call.repeat == 0; });
  metrics["repeats"] =
      agreement(calls, candidates, [](const Judged& call) { return call.order == 0; });
  for (const auto& [key, what] : {std::pair("orders", "when the order of the captions changes"),
                                  std::pair("repeats", "when it is asked the same again")}) {
    const Json& found = metrics[key];
    if (!found.is_object() || !found["reversed"].is_number()) continue;
    const double reversed = found["reversed"];
    if (reversed <= kManyReversed) continue;
    warnings.push_back("the judge reverses " + percent(reversed) + " of the pairs " + what);
  }
  metrics["places"] = places(calls);
  metrics["canaries"] = canaries(calls);
  if (metrics["canaries"].is_object()) {
    const double first = metrics["canaries"]["first_share"];
    const std::string share = percent(first) + " of the rankings, by drawing lots it would be in " +
                              percent(metrics["canaries"]["chance"]);
    if (first > kCanaryFirst && metrics["canaries"]["p"] < kNoAccident) {
      warnings.push_back(
          "the judge obeys captions: one that only orders it to be ranked first was first in " +
          share);
    } else if (first > kCanaryFirst) {
      warnings.push_back("the judge hardly looks: a caption that describes nothing was first in " +
                         share);
    }
  }
}

}  // namespace vigor::captions
