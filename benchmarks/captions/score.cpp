#include "benchmarks/captions/score.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "benchmarks/captions/judged.h"
#include "benchmarks/captions/trust.h"
#include "reports/rank_statistics.h"

namespace vigor::captions {
namespace {

using ranking::kMetricCount;
using ranking::kMetrics;
using statistics::ImageWeights;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kAverage = kMetricCount;  // the position behind the metrics
// Wins added each way to every pair, so that a model that never lost has a strength.
constexpr double kPrior = 0.5;

std::string code(size_t metric) {
  return metric == kAverage ? "average" : std::string(kMetrics[metric].code);
}

Json or_null(double value) {
  return std::isnan(value) ? Json() : Json(value);
}

// Everything that depends on the mode: values [metric * candidates + candidate], the average of the
// seven behind them, under weights of the images.
class Scores {
 public:
  explicit Scores(size_t candidates) : candidates_(candidates) {}
  virtual ~Scores() = default;
  virtual std::vector<double> values(const ImageWeights& weights) const = 0;
  // Images that the metric was judged for.
  virtual int64_t images(size_t metric) const = 0;
  // By image, the mean rank of each candidate (in pairs: the share of lost comparisons), for the
  // tests; empty where the metric was not judged.
  virtual std::vector<std::vector<double>> blocks(size_t metric) const = 0;

 protected:
  void append_average(std::vector<double>& values) const {
    for (size_t c = 0; c < candidates_; ++c) {
      double sum = 0;
      for (size_t m = 0; m < kMetricCount; ++m) sum += values[m * candidates_ + c];
      values.push_back(sum / kMetricCount);
    }
  }
  size_t candidates_;
};

// An image is judged by all its orders that came: their ranks are averaged.
class MeanRanks : public Scores {
 public:
  MeanRanks(const std::vector<Judged>& calls, size_t images, size_t candidates)
      : Scores(candidates), table_(kMetricCount + 1) {
    std::vector<double> orders(images);
    for (size_t m = 0; m < kMetricCount; ++m) {
      table_[m].resize(images);
      std::fill(orders.begin(), orders.end(), 0);
      for (const Judged& call : calls) {
        if (call.repeat > 0 || !call.ranks[m]) continue;
        std::vector<double>& row = table_[m][call.image];
        row.resize(candidates);
        ++orders[call.image];
        for (size_t i = 0; i < call.shown.size(); ++i) row[call.shown[i]] += (*call.ranks[m])[i];
      }
      for (size_t i = 0; i < images; ++i) {
        for (double& rank : table_[m][i]) rank /= orders[i];
      }
    }
    table_[kAverage].resize(images);
    for (size_t i = 0; i < images; ++i) {
      const bool all = std::all_of(table_.begin(), table_.end() - 1,
                                   [&](const auto& metric) { return !metric[i].empty(); });
      if (!all) continue;
      table_[kAverage][i].resize(candidates);
      for (size_t m = 0; m < kMetricCount; ++m) {
        for (size_t c = 0; c < candidates; ++c) {
          table_[kAverage][i][c] += table_[m][i][c] / kMetricCount;
        }
      }
    }
  }

  std::vector<double> values(const ImageWeights& weights) const override {
    std::vector<double> out;
    for (size_t m = 0; m < kMetricCount; ++m) {
      std::vector<double> sums(candidates_);
      double number = 0;
      for (size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] == 0 || table_[m][i].empty()) continue;
        number += weights[i];
        for (size_t c = 0; c < candidates_; ++c) sums[c] += weights[i] * table_[m][i][c];
      }
      for (const double sum : sums) out.push_back(number > 0 ? sum / number : kNaN);
    }
    append_average(out);
    return out;
  }

  int64_t images(size_t metric) const override {
    return std::count_if(table_[metric].begin(), table_[metric].end(),
                         [](const auto& row) { return !row.empty(); });
  }
  std::vector<std::vector<double>> blocks(size_t metric) const override { return table_[metric]; }

 private:
  std::vector<std::vector<std::vector<double>>> table_;  // [metric][image][candidate]
};

class Strengths : public Scores {
 public:
  Strengths(const std::vector<Judged>& calls, size_t images, size_t candidates)
      : Scores(candidates), images_(images), comparisons_(kMetricCount) {
    for (const Judged& call : calls) {
      if (call.repeat > 0) continue;
      for (size_t m = 0; m < kMetricCount; ++m) {
        if (!call.ranks[m]) continue;
        const double difference = (*call.ranks[m])[0] - (*call.ranks[m])[1];
        comparisons_[m].push_back({call.image, call.shown[0], call.shown[1],
                                   difference < 0   ? 1
                                   : difference > 0 ? 0
                                                    : 0.5});
      }
    }
  }

  std::vector<double> values(const ImageWeights& weights) const override {
    std::vector<double> out;
    for (size_t m = 0; m < kMetricCount; ++m) {
      std::vector<std::vector<double>> wins(candidates_, std::vector<double>(candidates_));
      for (const Comparison& one : comparisons_[m]) {
        wins[one.first][one.second] += weights[one.image] * one.won;
        wins[one.second][one.first] += weights[one.image] * (1 - one.won);
      }
      const auto logs =
          comparisons_[m].empty() ? std::nullopt : statistics::bradley_terry(wins, kPrior);
      for (size_t c = 0; c < candidates_; ++c) out.push_back(logs ? (*logs)[c] : kNaN);
    }
    append_average(out);
    return out;
  }

  int64_t images(size_t metric) const override {
    const auto all = blocks(metric);
    return std::count_if(all.begin(), all.end(), [](const auto& row) { return !row.empty(); });
  }

  std::vector<std::vector<double>> blocks(size_t metric) const override {
    std::vector<std::vector<double>> lost(images_, std::vector<double>(candidates_));
    std::vector<std::vector<double>> asked = lost;
    for (size_t m = 0; m < kMetricCount; ++m) {
      if (metric != kAverage && metric != m) continue;
      for (const Comparison& one : comparisons_[m]) {
        ++asked[one.image][one.first];
        ++asked[one.image][one.second];
        lost[one.image][one.first] += 1 - one.won;
        lost[one.image][one.second] += one.won;
      }
    }
    for (size_t i = 0; i < images_; ++i) {
      for (size_t c = 0; c < candidates_; ++c) lost[i][c] /= asked[i][c];
      // A candidate that was in no comparison: the image compares nothing.
      if (std::any_of(lost[i].begin(), lost[i].end(), [](double x) { return std::isnan(x); })) {
        lost[i].clear();
      }
    }
    return lost;
  }

 private:
  struct Comparison {
    size_t image, first, second;
    double won;  // by the first
  };
  size_t images_;
  std::vector<std::vector<Comparison>> comparisons_;  // by metric
};

Json models_json(const Scores& scores, const ScoreOptions& options) {
  const size_t count = options.candidates.size();
  const std::vector<double> values = scores.values(ImageWeights(options.images.size(), 1));
  std::vector<std::optional<statistics::Interval>> intervals(values.size());
  if (options.replicates > 0) {
    intervals = statistics::bootstrap(
        options.images.size(), [&](const ImageWeights& weights) { return scores.values(weights); },
        {.replicates = options.replicates, .level = options.level, .seed = options.seed});
  }
  Json models = Json::object();
  for (size_t c = 0; c < count; ++c) {
    Json& model = models[options.candidates[c]];
    Json ci = Json::object();
    std::string missing;
    for (size_t m = 0; m <= kMetricCount; ++m) {
      const size_t at = m * count + c;
      model[code(m)] = or_null(values[at]);
      if (std::isnan(values[at])) {
        if (m < kMetricCount) missing += (missing.empty() ? "" : ", ") + code(m);
      } else if (intervals[at]) {
        ci[code(m)] = {intervals[at]->low, intervals[at]->high};
      }
    }
    model["ci95"] = ci;
    if (!missing.empty()) model["reason"] = "no image was judged for " + missing;
  }
  return models;
}

// Friedman's test and the pairwise tests of one metric; p_holm is filled in later.
Json tests_json(const Scores& scores, size_t metric, const ScoreOptions& options) {
  std::vector<std::vector<double>> judged;
  for (std::vector<double>& row : scores.blocks(metric)) {
    if (!row.empty()) judged.push_back(std::move(row));
  }
  Json out = {{"images", judged.size()}, {"friedman", Json()}, {"pairs", Json::array()}};
  statistics::RankTable ranks;
  for (const std::vector<double>& row : judged) ranks.push_back(statistics::mean_ranks(row));
  if (const auto test = statistics::friedman(ranks)) {
    out["friedman"] = {{"chi_squared", test->statistic},
                       {"degrees_of_freedom", test->degrees_of_freedom},
                       {"p", test->p}};
  }
  for (size_t a = 0; a < options.candidates.size(); ++a) {
    for (size_t b = a + 1; b < options.candidates.size(); ++b) {
      std::vector<double> differences;
      double sum = 0;
      for (const std::vector<double>& row : judged) {
        // Differences that are equal but for rounding must tie.
        differences.push_back(std::round((row[a] - row[b]) * 1e9) / 1e9);
        sum += differences.back();
      }
      const statistics::SignedRank test = statistics::wilcoxon(differences);
      const auto number = static_cast<double>(judged.size());
      out["pairs"].push_back({{"a", options.candidates[a]},
                              {"b", options.candidates[b]},
                              {"difference", judged.empty() ? Json() : Json(sum / number)},
                              {"p", judged.empty() ? Json() : Json(test.p)},
                              {"p_holm", Json()}});
    }
  }
  return out;
}

// The seven metrics times all pairs are one family; the average is one of its own.
void adjust(Json& tests) {
  for (const bool average : {false, true}) {
    std::vector<Json*> pairs;
    std::vector<double> p;
    for (auto& [name, test] : tests.items()) {
      if ((name == "average") != average) continue;
      for (Json& pair : test["pairs"]) {
        if (!pair["p"].is_number()) continue;
        pairs.push_back(&pair);
        p.push_back(pair["p"].get<double>());
      }
    }
    const std::vector<double> adjusted = statistics::holm(p);
    for (size_t i = 0; i < pairs.size(); ++i) (*pairs[i])["p_holm"] = adjusted[i];
  }
}

std::unique_ptr<Scores> scores_of(const JudgedSamples& judged, const ScoreOptions& options) {
  const size_t images = options.images.size(), candidates = options.candidates.size();
  if (options.mode == Mode::kBatch) {
    return std::make_unique<MeanRanks>(judged.calls, images, candidates);
  }
  return std::make_unique<Strengths>(judged.calls, images, candidates);
}

// What the judge said where it ranked nothing: ", the first: ..."; "" when no reply was kept.
std::string first_reply(const std::vector<Json>& samples) {
  constexpr size_t kShown = 80;
  for (const Json& row : samples) {
    if (row.value("status", Json()) != "unjudged") continue;
    const Json reply = row.value("reply", Json());
    if (!reply.is_string()) continue;
    std::string text = reply.get<std::string>();
    if (text.size() > kShown) {
      size_t end = kShown;
      while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
      text = text.substr(0, end) + "\xE2\x80\xA6";
    }
    return "; the first: " + dump_json(text);
  }
  return "";
}

void withhold(Json& metrics, const std::string& reason) {
  for (auto& [name, model] : metrics["models"].items()) {
    for (auto& [key, value] : model.items()) value = Json();
    model["reason"] = reason;
  }
  metrics["tests"] = Json();
  metrics["reason"] = reason;
}

}  // namespace

Json score_ranking(const std::vector<Json>& samples, const ScoreOptions& options,
                   const std::string& where) {
  const JudgedSamples judged = read_judged(samples, options.candidates, options.images, where);
  const SampleCounts& counts = judged.counts;
  const size_t images = options.images.size();
  const std::unique_ptr<Scores> scores = scores_of(judged, options);
  const auto held = static_cast<int64_t>(samples.size());
  Json metrics = {{"benchmark", "ranking"},
                  {"mode", options.mode == Mode::kBatch ? "batch" : "pairwise"},
                  {"value", options.mode == Mode::kBatch ? "mean rank" : "log strength"},
                  {"lower_is_better", options.mode == Mode::kBatch},
                  {"candidates", options.candidates},
                  {"images", images},
                  {"calls", options.calls},
                  {"complete", held == options.calls && counts.failed == 0},
                  {"counts",
                   {{"scored", counts.scored},
                    {"unparsed", 0},
                    {"failed", counts.failed},
                    {"unjudged", counts.unjudged}}},
                  {"partial", counts.partial},
                  {"max_failures", options.max_failures},
                  {"withheld", counts.failed > options.max_failures},
                  {"warnings", options.warnings},
                  {"models", models_json(*scores, options)},
                  {"tests", Json::object()}};
  for (size_t m = 0; m <= kMetricCount; ++m) {
    metrics["tests"][code(m)] = tests_json(*scores, m, options);
  }
  adjust(metrics["tests"]);
  add_trust(metrics, judged.calls, options.candidates.size());
  if (counts.scored == 0 && counts.unjudged > 0) {
    metrics["warnings"].push_back("the judge ranked nothing in any of its " +
                                  std::to_string(counts.unjudged) + " replies" +
                                  first_reply(samples));
  }
  if (counts.failed > options.max_failures) {
    withhold(metrics, std::to_string(counts.failed) + " of " + std::to_string(held) +
                          " calls failed, " + std::to_string(options.max_failures) +
                          " may (--max-failures)");
  }
  return metrics;
}

std::vector<ImageTable> ranks_by_image(const std::vector<Json>& samples,
                                       const ScoreOptions& options, const std::string& where) {
  const JudgedSamples judged = read_judged(samples, options.candidates, options.images, where);
  const std::unique_ptr<Scores> scores = scores_of(judged, options);
  std::vector<ImageTable> out;
  for (size_t m = 0; m < kMetricCount; ++m) out.push_back(scores->blocks(m));
  return out;
}

bool scores_withheld(const Json& metrics) {
  return metrics.value("withheld", false);
}

}  // namespace vigor::captions
