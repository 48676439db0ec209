#include "benchmarks/mmhal/score.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "benchmarks/mmhal/record.h"
#include "reports/statistics.h"

namespace vigor::mmhal {
namespace {

using statistics::ClusterRatio;

constexpr double kHighest = 6;

// A record's mean over the repeats that were judged.
struct RecordScore {
  std::string type, image;
  double rating = 0, hallucination = 0, informativeness = 0;
  int judged = 0;
};

struct Tally {
  std::map<size_t, RecordScore> records;
  std::vector<std::string> types;                                // official ones first
  std::map<std::string, std::map<std::string, int64_t>> counts;  // type, status
  std::map<std::string, int64_t> reasons;
  std::map<int, int64_t> histogram;
  int64_t scored = 0, failed = 0, unjudged = 0, silent = 0;
  int64_t replies = 0;
  Json differ = Json::array();
};

// The official script knows no type but the position.
std::string type_of(const Outcome& outcome, Dialect dialect) {
  if (dialect == Dialect::kStrict && !outcome.type.empty()) return outcome.type;
  return kTypes[outcome.record % kTypes.size()];
}

std::string outcome_key(const Outcome& outcome) {
  const std::string record = std::to_string(outcome.record);
  return outcome.repeat == 0 ? record : record + "#" + std::to_string(outcome.repeat);
}

void add(Tally& tally, const Outcome& outcome, Dialect dialect) {
  const Reading reading = read_outcome(outcome, dialect);
  RecordScore& record = tally.records[outcome.record];
  record.type = type_of(outcome, dialect);
  record.image = outcome.image.empty() ? "#" + std::to_string(outcome.record) : outcome.image;
  ++tally.counts[record.type][reading.status];
  if (!outcome.failure.empty()) {
    ++tally.failed;
    return;
  }
  if (!outcome.silence.empty() && !outcome.refused) ++tally.silent;
  if (outcome.silence.empty()) {
    ++tally.replies;
    const auto strict = read_rating(outcome.reply, Dialect::kStrict).score;
    if (strict != read_rating(outcome.reply, Dialect::kOfficial).score) {
      tally.differ.push_back(outcome_key(outcome));
    }
  }
  if (!reading.score) {
    ++tally.unjudged;
    ++tally.reasons[outcome.silence.empty() ? reading.reason
                    : outcome.refused       ? "the judge refused"
                                            : "the judge gave no reply"];
    return;
  }
  ++tally.scored;
  ++tally.histogram[*reading.score];
  ++record.judged;
  record.rating += *reading.score;
  record.hallucination += is_hallucination(*reading.score) ? 1 : 0;
  record.informativeness += informativeness(*reading.score);
}

Tally tally_of(const std::vector<Outcome>& outcomes, Dialect dialect) {
  Tally tally;
  tally.types.assign(kTypes.begin(), kTypes.end());
  for (const Outcome& outcome : outcomes) {
    const std::string type = type_of(outcome, dialect);
    if (std::find(tally.types.begin(), tally.types.end(), type) == tally.types.end()) {
      tally.types.push_back(type);
    }
    add(tally, outcome, dialect);
  }
  for (auto& [index, record] : tally.records) {
    if (record.judged < 2) continue;
    record.rating /= record.judged;
    record.hallucination /= record.judged;
    record.informativeness /= record.judged;
  }
  return tally;
}

struct Metric {
  const char* name;
  double RecordScore::*value;
  double scale;    // of the interval: the metric's largest value before `divisor`
  double divisor;  // of the mean
};
constexpr Metric kMetrics[] = {
    {"average", &RecordScore::rating, kHighest, 1},
    {"hallucination_rate", &RecordScore::hallucination, 1, 1},
    {"informativeness", &RecordScore::informativeness, 3, 3},
};

// The mean of a metric over the records of `type` ("" is all), with its interval.
void put(Json& out, const Metric& metric, const Tally& tally, const std::string& type,
         double level) {
  out[metric.name] = nullptr;
  out["ci95"][metric.name] = nullptr;
  std::map<std::string, ClusterRatio> images;
  double sum = 0;
  int64_t records = 0;
  for (const auto& [index, record] : tally.records) {
    if (record.judged == 0 || (!type.empty() && record.type != type)) continue;
    ClusterRatio& image = images[record.image];
    image.numerator += record.*metric.value / metric.scale;
    image.denominator += 1;
    sum += record.*metric.value;
    ++records;
  }
  if (records == 0) return;
  out[metric.name] = sum / static_cast<double>(records) / metric.divisor;
  std::vector<ClusterRatio> clusters;
  for (const auto& [name, ratio] : images) clusters.push_back(ratio);
  const auto estimate = statistics::ratio_estimate(clusters);
  // A mean between two bounds is a share of its range: the same interval, never empty and never
  // outside of the range.
  const auto interval = statistics::share_interval(*estimate, level);
  if (!interval) return;
  const double scale = metric.scale / metric.divisor;
  out["ci95"][metric.name] = {interval->low * scale, interval->high * scale};
}

double deviation(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

// How far the judge agrees with itself on the same answers.
Json spread_of(const std::vector<Outcome>& outcomes, Dialect dialect, int repeats) {
  if (repeats < 2) return nullptr;
  std::map<size_t, std::vector<int>> ratings;
  std::vector<std::vector<int>> by_repeat(static_cast<size_t>(repeats));
  for (const Outcome& outcome : outcomes) {
    const Reading reading = read_outcome(outcome, dialect);
    if (!reading.score || outcome.repeat < 0 || outcome.repeat >= repeats) continue;
    ratings[outcome.record].push_back(*reading.score);
    by_repeat[static_cast<size_t>(outcome.repeat)].push_back(*reading.score);
  }
  std::vector<double> averages, rates;
  for (const std::vector<int>& list : by_repeat) {
    if (list.empty()) continue;
    double sum = 0, hallucinated = 0;
    for (const int score : list) {
      sum += score;
      hallucinated += is_hallucination(score) ? 1 : 0;
    }
    averages.push_back(sum / static_cast<double>(list.size()));
    rates.push_back(hallucinated / static_cast<double>(list.size()));
  }
  int64_t repeated = 0, same_rating = 0, same_verdict = 0;
  double variance = 0;
  for (const auto& [record, list] : ratings) {
    if (list.size() < 2) continue;
    ++repeated;
    const auto [low, high] = std::minmax_element(list.begin(), list.end());
    same_rating += *low == *high ? 1 : 0;
    same_verdict += is_hallucination(*low) == is_hallucination(*high) ? 1 : 0;
    const double sd = deviation({list.begin(), list.end()});
    variance += sd * sd;
  }
  Json spread = {
      {"repeats", repeats},           {"records", repeated},    {"averages", averages},
      {"hallucination_rates", rates}, {"average_sd", nullptr},  {"hallucination_rate_sd", nullptr},
      {"rating_sd", nullptr},         {"same_rating", nullptr}, {"same_hallucination", nullptr}};
  if (averages.size() > 1) {
    spread["average_sd"] = deviation(averages);
    spread["hallucination_rate_sd"] = deviation(rates);
  }
  if (repeated > 0) {
    const auto share = [&](int64_t count) {
      return static_cast<double>(count) / static_cast<double>(repeated);
    };
    spread["rating_sd"] = std::sqrt(variance / static_cast<double>(repeated));
    spread["same_rating"] = share(same_rating);
    spread["same_hallucination"] = share(same_verdict);
  } else {
    spread["reason"] = "no record was judged twice";
  }
  return spread;
}

void withhold(Json& metrics, const std::string& reason) {
  const auto empty = [](Json& block) {
    for (const Metric& metric : kMetrics) {
      block[metric.name] = nullptr;
      block["ci95"][metric.name] = nullptr;
    }
  };
  empty(metrics);
  for (auto& [type, figure] : metrics["types"].items()) figure = nullptr;
  for (auto& [type, block] : metrics["type_figures"].items()) empty(block);
  metrics["judge_spread"] = nullptr;
  metrics["reason"] = reason;
}

}  // namespace

Reading read_outcome(const Outcome& outcome, Dialect dialect) {
  if (!outcome.failure.empty()) return {"failed", std::nullopt, outcome.failure};
  if (!outcome.silence.empty()) return {"unjudged", std::nullopt, outcome.silence};
  const Rating rating = read_rating(outcome.reply, dialect);
  return {rating.score ? "scored" : "unjudged", rating.score, rating.reason};
}

Json score_outcomes(const std::vector<Outcome>& outcomes, Dialect dialect,
                    const ScoreOptions& options) {
  const Tally tally = tally_of(outcomes, dialect);
  const size_t records = options.records > 0 ? options.records : tally.records.size();
  const size_t expected = records * static_cast<size_t>(options.repeats);
  Json metrics = {{"benchmark", "mmhal"},
                  {"dialect", dialect_name(dialect)},
                  {"complete", options.complete && tally.scored == static_cast<int64_t>(expected)},
                  {"records", records},
                  {"repeats", options.repeats},
                  {"types", Json::object()},
                  {"type_order", Json::array()},
                  {"type_figures", Json::object()},
                  {"histogram", Json::object()},
                  {"counts",
                   {{"scored", tally.scored},
                    {"unparsed", 0},
                    {"failed", tally.failed},
                    {"unjudged", tally.unjudged}}},
                  {"unjudged", tally.unjudged},
                  {"unjudged_reasons", tally.reasons},
                  {"judge_failures", tally.silent},
                  {"dialect_differences",
                   {{"dialects", {"strict", "official"}},
                    {"replies", tally.replies},
                    {"differ", tally.differ.size()},
                    {"keys", tally.differ}}},
                  {"judge_spread", spread_of(outcomes, dialect, options.repeats)},
                  {"max_failures", options.max_failures},
                  {"warnings", options.warnings}};
  for (int score = 0; score <= static_cast<int>(kHighest); ++score) {
    const auto found = tally.histogram.find(score);
    metrics["histogram"][std::to_string(score)] =
        found == tally.histogram.end() ? 0 : found->second;
  }
  for (const Metric& metric : kMetrics) put(metrics, metric, tally, "", options.level);
  for (const std::string& type : tally.types) {
    const auto counts = tally.counts.find(type);
    if (counts == tally.counts.end()) continue;
    Json block = Json::object();
    for (const Metric& metric : kMetrics) put(block, metric, tally, type, options.level);
    for (const char* status : {"scored", "failed", "unjudged"}) {
      const auto count = counts->second.find(status);
      block[status] = count == counts->second.end() ? 0 : count->second;
    }
    if (block["average"].is_null()) block["reason"] = "no record of this type was judged";
    metrics["types"][type] = block["average"];
    metrics["type_order"].push_back(type);
    metrics["type_figures"][type] = std::move(block);
  }
  if (metrics["average"].is_null()) metrics["reason"] = "no record was judged";
  const int64_t failures = tally.failed + tally.silent;
  metrics["withheld"] = failures > options.max_failures;
  if (failures > options.max_failures) {
    withhold(metrics, std::to_string(tally.failed) +
                          " answers failed and the judge gave no reply to " +
                          std::to_string(tally.silent) + ", " +
                          std::to_string(options.max_failures) + " may (--max-failures)");
  }
  return metrics;
}

bool scores_withheld(const Json& metrics) {
  return metrics.value("withheld", false);
}

}  // namespace vigor::mmhal
