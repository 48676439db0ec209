#include "benchmarks/pope/score.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "benchmarks/yes_no/margins.h"
#include "benchmarks/yes_no/said.h"
#include "reports/statistics.h"

namespace vigor::pope {
namespace {

using statistics::ClusterRatio;
using statistics::Estimate;

constexpr std::array<const char*, 5> kMetrics{"accuracy", "precision", "recall", "f1", "yes_ratio"};

// Decisions by label. `unparsed_yes` are questions whose label is yes and whose answer is neither.
struct Counts {
  int64_t tp = 0, fp = 0, tn = 0, fn = 0, unparsed_yes = 0, unparsed_no = 0;

  void add(bool label_yes, Decision decision) {
    if (decision == Decision::kNone) {
      ++(label_yes ? unparsed_yes : unparsed_no);
    } else if (label_yes) {
      ++(decision == Decision::kYes ? tp : fn);
    } else {
      ++(decision == Decision::kYes ? fp : tn);
    }
  }
  int64_t parsed() const { return tp + fp + tn + fn; }
  int64_t unparsed() const { return unparsed_yes + unparsed_no; }
};

struct Fraction {
  int64_t numerator = 0;
  int64_t denominator = 0;
};

// The metrics as ratios of counts. Dialects differ in where an unparsed answer goes:
//   strict   nowhere;
//   lmms     wrong in accuracy; neither hit nor miss in recall; its yes ratio is that of the
//   labels; vlmeval  wrong in accuracy, a miss in recall.
struct Ratios {
  Fraction accuracy, precision, recall, f1, yes_ratio;
};

Ratios ratios_of(const Counts& c, Dialect dialect) {
  const bool strict = dialect == Dialect::kStrict;
  const int64_t all = c.parsed() + (strict ? 0 : c.unparsed());
  const int64_t missed = c.fn + (dialect == Dialect::kVlmeval ? c.unparsed_yes : 0);
  Ratios r;
  r.accuracy = {c.tp + c.tn, all};
  r.precision = {c.tp, c.tp + c.fp};
  r.recall = {c.tp, c.tp + missed};
  r.f1 = {2 * c.tp, 2 * c.tp + c.fp + missed};
  r.yes_ratio = {c.tp + c.fp, all};
  if (dialect == Dialect::kLmms) r.yes_ratio.numerator = c.tp + c.fn + c.unparsed_yes;
  return r;
}

std::optional<double> divide(const Fraction& f) {
  if (f.denominator == 0) return std::nullopt;
  return static_cast<double>(f.numerator) / static_cast<double>(f.denominator);
}

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

bool label_yes(const Question& question) {
  return question.label != "no";
}

// One split's samples, with counts for each image of the whole run.
struct SplitTally {
  Counts total;
  std::vector<Counts> by_image;  // index: image number of the run
  int64_t questions = 0, failed = 0;
  std::vector<yes_no::MarginItem> margins;
  std::optional<SplitCut> cut;
};

struct RunTally {
  std::vector<std::string> order;
  std::map<std::string, SplitTally> splits;
  std::map<std::string, size_t> images;
  int64_t scored = 0, unparsed = 0, failed = 0;
};

RunTally tally(const std::vector<SampleOutcome>& samples, Dialect dialect,
               const ScoreOptions& options) {
  RunTally run;
  const auto add_split = [&](const std::string& name) {
    if (run.splits.emplace(name, SplitTally{}).second) run.order.push_back(name);
  };
  for (const std::string& name : options.splits) add_split(name);
  for (const SampleOutcome& sample : samples) {
    add_split(sample.split);
    run.images.emplace(sample.question.image, 0);
  }
  // By name: sums over images, too, must not depend on the order of the files.
  size_t position = 0;
  for (auto& [name, number] : run.images) number = position++;
  for (const SplitCut& cut : options.cuts) {
    add_split(cut.split);
    run.splits[cut.split].cut = cut;
  }
  for (auto& [name, split] : run.splits) split.by_image.resize(run.images.size());
  for (const SampleOutcome& sample : samples) {
    SplitTally& split = run.splits[sample.split];
    ++split.questions;
    if (!sample.error.empty()) {
      ++split.failed;
      ++run.failed;
      continue;
    }
    const Decision decision = decide(sample.answer, dialect);
    const bool yes = label_yes(sample.question);
    split.total.add(yes, decision);
    split.by_image[run.images.at(sample.question.image)].add(yes, decision);
    ++(decision == Decision::kNone ? run.unparsed : run.scored);
    if (sample.margin && !std::isnan(*sample.margin)) {
      split.margins.push_back({*sample.margin, yes, run.images.at(sample.question.image)});
    }
  }
  return run;
}

std::vector<ClusterRatio> clusters_of(const SplitTally& split, Dialect dialect,
                                      Fraction Ratios::*metric) {
  std::vector<ClusterRatio> clusters;
  for (const Counts& counts : split.by_image) {
    const Fraction fraction = ratios_of(counts, dialect).*metric;
    clusters.push_back(
        {static_cast<double>(fraction.numerator), static_cast<double>(fraction.denominator)});
  }
  return clusters;
}

std::optional<Estimate> estimate_of(const SplitTally& split, Dialect dialect,
                                    Fraction Ratios::*metric) {
  return statistics::ratio_estimate(clusters_of(split, dialect, metric));
}

Json interval_json(const std::optional<Estimate>& estimate, double level) {
  if (!estimate) return nullptr;
  const auto interval = statistics::share_interval(*estimate, level);
  return interval ? Json::array({interval->low, interval->high}) : Json(nullptr);
}

constexpr std::array<Fraction Ratios::*, 5> kRatios{
    &Ratios::accuracy, &Ratios::precision, &Ratios::recall, &Ratios::f1, &Ratios::yes_ratio};

struct SplitScores {
  std::array<std::optional<double>, 5> values;  // in the order of kMetrics
  std::array<std::optional<Estimate>, 5> estimates;
  std::string reason;
};

// Why each null is null, in one line.
std::string reason_of(const SplitScores& scores, const SplitTally& split, Dialect dialect) {
  if (split.total.parsed() + split.total.unparsed() == 0) return "no answers";
  const bool no_yes = split.total.tp + split.total.fp == 0;
  std::string reason;
  const auto add = [&](const std::string& text) { reason += (reason.empty() ? "" : "; ") + text; };
  if (!scores.values[0]) add("accuracy: no answer could be read as yes or no");
  if (!scores.values[1] && no_yes) add("precision: no answer is yes");
  if (!scores.values[2]) {
    add(dialect == Dialect::kLmms ? "recall: no question with label yes was answered yes or no"
                                  : "recall: no question has the label yes");
  }
  if (!scores.values[3]) add("f1: precision and recall are both 0, or one of them is undefined");
  if (!scores.values[4]) add("yes_ratio: no answer could be read as yes or no");
  return reason;
}

SplitScores score_split(const SplitTally& split, Dialect dialect) {
  SplitScores scores;
  Ratios ratios = ratios_of(split.total, dialect);
  if (split.cut) {
    ratios.yes_ratio.numerator += split.cut->surplus_yes;
    ratios.yes_ratio.denominator += split.cut->surplus_answers;
  }
  for (size_t m = 0; m < kMetrics.size(); ++m) {
    scores.values[m] = divide(ratios.*kRatios[m]);
    scores.estimates[m] = estimate_of(split, dialect, kRatios[m]);
  }
  // The script's order of operations, not 2 TP / (2 TP + FP + FN): the last digit differs.
  const auto& [accuracy, precision, recall, f1, yes_ratio] = scores.values;
  scores.values[3].reset();
  if (precision && recall && *precision + *recall > 0) {
    scores.values[3] = 2 * *precision * *recall / (*precision + *recall);
  } else {
    scores.estimates[3].reset();
  }
  scores.reason = reason_of(scores, split, dialect);
  return scores;
}

Json split_json(const SplitTally& split, const RunTally& run, const SplitScores& scores,
                const ScoreOptions& options) {
  size_t images = 0;
  for (const Counts& counts : split.by_image) {
    if (counts.parsed() + counts.unparsed() > 0) ++images;
  }
  Json out = {{"questions", split.questions + (split.cut ? split.cut->unanswered : 0)},
              {"tp", split.total.tp},
              {"fp", split.total.fp},
              {"tn", split.total.tn},
              {"fn", split.total.fn},
              {"unparsed", split.total.unparsed()},
              {"unparsed_label_yes", split.total.unparsed_yes},
              {"failed", split.failed},
              {"unjudged", 0},
              {"images", images},
              {"complete", options.complete && !split.cut && split.failed == 0}};
  if (split.cut) {
    out["unanswered"] = split.cut->unanswered;
    out["surplus_answers"] = split.cut->surplus_answers;
  }
  for (size_t m = 0; m < kMetrics.size(); ++m) {
    out[kMetrics[m]] = or_null(scores.values[m]);
    out["ci95"][kMetrics[m]] = interval_json(scores.estimates[m], options.level);
  }
  if (!scores.reason.empty()) out["reason"] = scores.reason;
  yes_no::add_margin_scores(split.margins, run.images.size(), options.level,
                            options.calibration_bins, &out);
  return out;
}

// Indices into `splits` in the order in which the average adds them up.
std::vector<size_t> average_order(const std::vector<std::string>& splits,
                                  const ScoreOptions& options) {
  static const std::vector<std::string> kUsual = {"random", "popular", "adversarial"};
  const std::vector<std::string>& first =
      options.average_order.empty() ? kUsual : options.average_order;
  const auto rank = [&](size_t split) {
    return std::pair(std::find(first.begin(), first.end(), splits[split]), splits[split]);
  };
  std::vector<size_t> order(splits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
  return order;
}

// The plain mean of the splits' AUROC; nothing for answers without margins.
void add_average_auroc(const RunTally& run, const std::vector<size_t>& order,
                       const ScoreOptions& options, Json* average, std::string* reason) {
  std::vector<Estimate> estimates;
  std::string missing;
  bool any = false;
  double sum = 0;
  for (const size_t s : order) {
    const SplitTally& split = run.splits.at(run.order[s]);
    any = any || !split.margins.empty();
    const auto one = yes_no::margin_auroc(split.margins, run.images.size());
    if (one) {
      sum += one->value;
      estimates.push_back(*one);
    } else {
      missing += (missing.empty() ? "" : ", ") + run.order[s];
    }
  }
  if (!any) return;
  (*average)["auroc"] = nullptr;
  (*average)["ci95"]["auroc"] = nullptr;
  if (missing.empty()) {
    (*average)["auroc"] = sum / static_cast<double>(estimates.size());
    (*average)["ci95"]["auroc"] =
        interval_json(statistics::mean_estimate(estimates), options.level);
  } else {
    *reason += (reason->empty() ? "" : "; ") + std::string("auroc: undefined in ") + missing;
  }
}

// The plain mean over splits, with an interval that knows that splits share their images.
Json average_json(const std::vector<SplitScores>& scores, const RunTally& run,
                  const ScoreOptions& options) {
  const std::vector<size_t> order = average_order(run.order, options);
  Json average;
  std::string reason;
  for (size_t m = 0; m < kMetrics.size(); ++m) {
    double sum = 0;
    std::vector<Estimate> estimates;
    std::string missing;
    for (const size_t s : order) {
      if (scores[s].values[m]) {
        sum += *scores[s].values[m];
      } else {
        missing += (missing.empty() ? "" : ", ") + run.order[s];
      }
      if (scores[s].estimates[m]) estimates.push_back(*scores[s].estimates[m]);
    }
    average[kMetrics[m]] = nullptr;
    average["ci95"][kMetrics[m]] = nullptr;
    if (scores.empty() || !missing.empty()) {
      reason += (reason.empty() ? "" : "; ") + std::string(kMetrics[m]) + ": undefined in " +
                (missing.empty() ? "every split" : missing);
      continue;
    }
    average[kMetrics[m]] = sum / static_cast<double>(scores.size());
    if (estimates.size() == scores.size()) {
      average["ci95"][kMetrics[m]] =
          interval_json(statistics::mean_estimate(estimates), options.level);
    }
  }
  add_average_auroc(run, order, options, &average, &reason);
  if (!reason.empty()) average["reason"] = reason;
  return average;
}

void withhold(Json* scores, const std::string& reason) {
  for (const char* metric : kMetrics) {
    (*scores)[metric] = nullptr;
    (*scores)["ci95"][metric] = nullptr;
  }
  for (const char* metric : {"auroc", "calibration"}) {
    if (scores->contains(metric)) (*scores)[metric] = nullptr;
  }
  if ((*scores)["ci95"].contains("auroc")) (*scores)["ci95"]["auroc"] = nullptr;
  (*scores)["reason"] = reason;
}

}  // namespace

Json score_splits(const std::vector<SampleOutcome>& samples, Dialect dialect,
                  const ScoreOptions& options) {
  const RunTally run = tally(samples, dialect, options);
  Json metrics = {{"benchmark", "pope"},
                  {"dialect", dialect_name(dialect)},
                  {"complete", options.complete && options.cuts.empty() && run.failed == 0},
                  {"splits", Json::object()},
                  {"split_order", run.order},
                  {"counts",
                   {{"scored", run.scored},
                    {"unparsed", run.unparsed},
                    {"failed", run.failed},
                    {"unjudged", 0}}},
                  {"max_failures", options.max_failures},
                  {"warnings", options.warnings}};
  std::vector<SplitScores> scores;
  for (const std::string& name : run.order) {
    const SplitTally& split = run.splits.at(name);
    scores.push_back(score_split(split, dialect));
    metrics["splits"][name] = split_json(split, run, scores.back(), options);
  }
  metrics["average"] = average_json(scores, run, options);
  metrics["withheld"] = run.failed > options.max_failures;
  if (run.failed > options.max_failures) {
    const std::string reason = std::to_string(run.failed) + " of " +
                               std::to_string(samples.size()) + " samples failed, " +
                               std::to_string(options.max_failures) + " may (--max-failures)";
    for (auto& [name, split] : metrics["splits"].items()) withhold(&split, reason);
    withhold(&metrics["average"], reason);
    metrics["reason"] = reason;
  }
  return metrics;
}

FiguresByImage figures_by_image(const std::vector<SampleOutcome>& samples, Dialect dialect,
                                const ScoreOptions& options) {
  const RunTally run = tally(samples, dialect, options);
  FiguresByImage out;
  out.images.resize(run.images.size());
  for (const auto& [name, position] : run.images) out.images[position] = name;
  std::array<statistics::RatioSum, kMetrics.size()> average;
  const double share = 1 / static_cast<double>(std::max<size_t>(run.order.size(), 1));
  for (const std::string& name : run.order) {
    for (size_t m = 0; m < kMetrics.size(); ++m) {
      std::vector<ClusterRatio> clusters = clusters_of(run.splits.at(name), dialect, kRatios[m]);
      average[m].push_back({share, clusters});
      out.figures.push_back({name, kMetrics[m], {{1, std::move(clusters)}}});
    }
  }
  for (size_t m = 0; m < kMetrics.size(); ++m) {
    out.figures.push_back({"average", kMetrics[m], std::move(average[m])});
  }
  return out;
}

bool scores_withheld(const Json& metrics) {
  return metrics.value("withheld", false);
}

std::string sample_key(const std::string& split, const Question& question) {
  return split + "/" + std::to_string(question.question_id);
}

Json sample_row(const SampleOutcome& sample, Dialect dialect) {
  Json row = {{"key", sample_key(sample.split, sample.question)},
              {"split", sample.split},
              {"question_id", sample.question.question_id},
              {"image", sample.question.image},
              {"question", sample.question.text},
              {"label", sample.question.label}};
  yes_no::put_said({sample.answer, sample.margin, sample.finish, sample.error},
                   decide(sample.answer, dialect), label_yes(sample.question), &row);
  return row;
}

SampleOutcome sample_of_row(const Json& row, const std::string& where) {
  ObjectReader reader(row, where);
  SampleOutcome sample;
  sample.split = reader.require<std::string>("split");
  sample.question.question_id = reader.require<int64_t>("question_id");
  sample.question.image = reader.require<std::string>("image");
  sample.question.text = reader.require<std::string>("question");
  sample.question.label = reader.require<std::string>("label");
  yes_no::Said said = yes_no::read_said(reader);
  sample.answer = std::move(said.answer);
  sample.margin = said.margin;
  sample.finish = std::move(said.finish);
  sample.error = std::move(said.error);
  return sample;
}

}  // namespace vigor::pope
