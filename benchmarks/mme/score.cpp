#include "benchmarks/mme/score.h"

#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "benchmarks/mme/task.h"
#include "benchmarks/yes_no/margins.h"
#include "benchmarks/yes_no/said.h"
#include "reports/statistics.h"

namespace vigor::mme {
namespace {

using statistics::ClusterRatio;
using statistics::Estimate;
using yes_no::MarginItem;

constexpr double kHighestScore = 200;

// The two questions of a picture.
struct Pair {
  size_t image = 0;     // of the first question: the cluster
  int64_t counted = 0;  // answers that are in the figures
  int64_t right = 0;
};

struct TaskTally {
  int64_t questions = 0, failed = 0, other = 0;
  int64_t tp = 0, fp = 0, tn = 0, fn = 0;
  int64_t counted = 0;            // answers in acc
  std::vector<ClusterRatio> acc;  // by image of the whole run
  std::map<int64_t, Pair> pairs;
  std::vector<MarginItem> margins;

  int64_t right() const { return tp + tn; }
};

struct RunTally {
  std::map<std::string, TaskTally> tasks;
  std::map<std::string, size_t> images;
  int64_t scored = 0, unparsed = 0, failed = 0;
};

void add_answer(const SampleOutcome& sample, Dialect dialect, size_t image, RunTally* run,
                TaskTally* task) {
  const bool label_yes = sample.question.label == "yes";
  const Decision decision = decide(sample.answer, dialect);
  if (sample.margin && !std::isnan(*sample.margin)) {
    task->margins.push_back({*sample.margin, label_yes, image});
  }
  bool right = false;
  if (decision == Decision::kNone) {
    ++run->unparsed;
    ++task->other;
    // Wrong in every tool of the field; strict makes no number of what it cannot read.
    if (dialect == Dialect::kStrict) return;
  } else {
    ++run->scored;
    right = (decision == Decision::kYes) == label_yes;
    ++(label_yes ? (right ? task->tp : task->fn) : (right ? task->tn : task->fp));
  }
  ++task->counted;
  task->acc[image].numerator += right;
  task->acc[image].denominator += 1;
  Pair& pair = task->pairs.at(sample.question.pair);
  ++pair.counted;
  pair.right += right;
}

RunTally tally(const std::vector<SampleOutcome>& samples, Dialect dialect) {
  RunTally run;
  for (const SampleOutcome& sample : samples) {
    run.images.emplace(sample.question.image, run.images.size());
  }
  for (const SampleOutcome& sample : samples) {
    TaskTally& task = run.tasks[sample.task];
    task.acc.resize(run.images.size());
    const size_t image = run.images.at(sample.question.image);
    task.pairs.try_emplace(sample.question.pair, Pair{.image = image});
    ++task.questions;
    if (sample.error.empty()) {
      add_answer(sample, dialect, image, &run, &task);
    } else {
      ++task.failed;
      ++run.failed;
    }
  }
  return run;
}

std::optional<double> share(int64_t part, int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// Of a share, or of a sum of `scale` times a share.
Json interval_json(const std::optional<Estimate>& estimate, double level, double scale = 1) {
  const auto interval = estimate ? statistics::share_interval(*estimate, level) : std::nullopt;
  if (!interval) return nullptr;
  return Json::array({interval->low * scale, interval->high * scale});
}

struct TaskScores {
  std::optional<double> acc, acc_plus, score;
  std::optional<Estimate> acc_estimate, plus_estimate;
  // Of score / 200.
  std::optional<Estimate> score_estimate() const {
    if (!acc_estimate || !plus_estimate) return std::nullopt;
    return statistics::mean_estimate(std::array{*acc_estimate, *plus_estimate});
  }
};

TaskScores score_task(const TaskTally& task, Dialect dialect) {
  std::vector<ClusterRatio> plus(task.acc.size());
  int64_t pairs = 0, both = 0;
  for (const auto& [number, pair] : task.pairs) {
    if (pair.counted != 2) continue;
    ++pairs;
    both += pair.right == 2;
    plus[pair.image].numerator += pair.right == 2;
    plus[pair.image].denominator += 1;
  }
  TaskScores scores;
  scores.acc = share(task.right(), task.counted);
  scores.acc_plus = share(both, pairs);
  scores.acc_estimate = statistics::ratio_estimate(task.acc);
  scores.plus_estimate = statistics::ratio_estimate(plus);
  if (!scores.acc || !scores.acc_plus) return scores;
  if (dialect == Dialect::kLmms && task.counted == 2 * pairs) {
    // lmms-eval adds the two figures of each picture and divides once.
    scores.score = (100.0 * static_cast<double>(both) + 50.0 * static_cast<double>(task.right())) /
                   static_cast<double>(pairs);
  } else {
    scores.score = *scores.acc * 100 + *scores.acc_plus * 100;
  }
  return scores;
}

Json task_json(const TaskTally& task, const TaskScores& scores, const RunTally& run, Group group,
               const ScoreOptions& options) {
  Json out = {
      {"group", group_name(group)},
      {"questions", task.questions},
      {"images", task.pairs.size()},
      {"acc", or_null(scores.acc)},
      {"acc_plus", or_null(scores.acc_plus)},
      {"score", or_null(scores.score)},
      {"other", task.other},
      {"tp", task.tp},
      {"fn", task.fn},
      {"tn", task.tn},
      {"fp", task.fp},
      {"precision", or_null(share(task.tp, task.tp + task.fp))},
      {"recall", or_null(share(task.tp, task.tp + task.fn))},
      {"yes_ratio", or_null(share(task.tp + task.fp, task.tp + task.fp + task.tn + task.fn))},
      {"failed", task.failed},
      {"unjudged", 0},
      {"complete", options.complete && task.failed == 0}};
  out["ci95"] = {{"acc", interval_json(scores.acc_estimate, options.level)},
                 {"acc_plus", interval_json(scores.plus_estimate, options.level)},
                 {"score", interval_json(scores.score_estimate(), options.level, kHighestScore)}};
  std::string reason;
  const auto add = [&](const std::string& text) { reason += (reason.empty() ? "" : "; ") + text; };
  if (!scores.acc) add("acc and score: no answer could be counted");
  if (scores.acc && !scores.acc_plus) {
    add("acc_plus and score: no picture has two answers that could be counted");
  }
  if (task.tp + task.fp == 0) add("precision: no answer is yes");
  if (task.tp + task.fn == 0) add("recall: no question with label yes was answered yes or no");
  if (task.tp + task.fp + task.tn + task.fn == 0) add("yes_ratio: no answer is yes or no");
  if (!reason.empty()) out["reason"] = reason;
  yes_no::add_margin_scores(task.margins, run.images.size(), options.level,
                            options.calibration_bins, &out);
  return out;
}

// The order in which a tool sums the tasks of a group decides the last digit.
std::vector<std::string> summing_order(Group group, Dialect dialect) {
  static const std::array kVlmeval{"OCR",
                                   "artwork",
                                   "celebrity",
                                   "color",
                                   "count",
                                   "existence",
                                   "landmark",
                                   "position",
                                   "posters",
                                   "scene",
                                   "code_reasoning",
                                   "commonsense_reasoning",
                                   "numerical_calculation",
                                   "text_translation"};
  std::vector<std::string> names;
  const auto add = [&](const char* name) {
    if (find_task(name)->group == group) names.emplace_back(name);
  };
  if (dialect == Dialect::kVlmeval) {
    for (const char* name : kVlmeval) add(name);
  } else {
    for (const TaskInfo& task : kTasks) add(task.name);
  }
  return names;
}

struct Sum {
  double score = 0;
  std::vector<Estimate> estimates;  // of score / 200
  std::string missing, unscored;    // names
};

Sum sum_of(const std::vector<std::string>& names, const std::map<std::string, TaskScores>& scores) {
  Sum sum;
  for (const std::string& name : names) {
    const auto found = scores.find(name);
    if (found == scores.end() || !found->second.score) {
      std::string& list = found == scores.end() ? sum.missing : sum.unscored;
      list += (list.empty() ? "" : ", ") + name;
      continue;
    }
    sum.score += *found->second.score;
    if (const auto estimate = found->second.score_estimate()) sum.estimates.push_back(*estimate);
  }
  return sum;
}

Json sum_interval(const Sum& sum, size_t tasks, double level) {
  if (tasks == 0 || sum.estimates.size() != tasks) return nullptr;
  return interval_json(statistics::mean_estimate(sum.estimates), level,
                       kHighestScore * static_cast<double>(tasks));
}

void add_totals(const std::map<std::string, TaskScores>& scores, const RunTally& run,
                Dialect dialect, const ScoreOptions& options, Json* metrics) {
  std::string reason;
  std::vector<std::string> here;
  for (const Group group : {Group::kPerception, Group::kCognition}) {
    const char* name = group_name(group);
    const std::vector<std::string> names = summing_order(group, dialect);
    for (const std::string& task : names) {
      if (scores.contains(task)) here.push_back(task);
    }
    const Sum sum = sum_of(names, scores);
    const bool whole = sum.missing.empty() && sum.unscored.empty();
    (*metrics)[name] = whole ? Json(sum.score) : Json(nullptr);
    (*metrics)["ci95"][name] = sum_interval(sum, names.size(), options.level);
    if (whole) continue;
    reason += (reason.empty() ? "" : "; ") + std::string(name) + ": ";
    if (!sum.missing.empty()) reason += "no questions of " + sum.missing;
    if (!sum.unscored.empty()) {
      reason += (sum.missing.empty() ? "" : ", ") + std::string("no score for ") + sum.unscored;
    }
  }
  if (!reason.empty()) (*metrics)["reason"] = reason;

  const Sum all = sum_of(here, scores);
  Json block = {{"tasks", here.size()},
                {"score", all.unscored.empty() && !here.empty() ? Json(all.score) : Json(nullptr)},
                {"maximum", kHighestScore * static_cast<double>(here.size())}};
  block["ci95"]["score"] = sum_interval(all, here.size(), options.level);
  if (!all.unscored.empty()) block["reason"] = "no score for " + all.unscored;
  std::vector<MarginItem> margins;
  for (const auto& [name, task] : run.tasks) {
    margins.insert(margins.end(), task.margins.begin(), task.margins.end());
  }
  yes_no::add_margin_scores(margins, run.images.size(), options.level, options.calibration_bins,
                            &block);
  (*metrics)["all_tasks"] = block;
}

void withhold(Json* block, const std::string& reason) {
  for (const char* key : {"acc", "acc_plus", "score", "perception", "cognition", "precision",
                          "recall", "yes_ratio", "auroc", "calibration"}) {
    if (block->contains(key)) (*block)[key] = nullptr;
    if (block->at("ci95").contains(key)) (*block)["ci95"][key] = nullptr;
  }
  (*block)["reason"] = reason;
}

}  // namespace

Json score_tasks(const std::vector<SampleOutcome>& samples, Dialect dialect,
                 const ScoreOptions& options) {
  const RunTally run = tally(samples, dialect);
  Json metrics = {{"benchmark", "mme"},
                  {"dialect", dialect_name(dialect)},
                  {"complete", options.complete && run.failed == 0},
                  {"tasks", Json::object()},
                  {"task_order", Json::array()},
                  {"counts",
                   {{"scored", run.scored},
                    {"unparsed", run.unparsed},
                    {"failed", run.failed},
                    {"unjudged", 0}}},
                  {"max_failures", options.max_failures},
                  {"warnings", options.warnings}};
  std::map<std::string, TaskScores> scores;
  for (const TaskInfo& info : kTasks) {
    const auto task = run.tasks.find(info.name);
    if (task == run.tasks.end()) continue;
    const TaskScores& made = scores[info.name] = score_task(task->second, dialect);
    metrics["tasks"][info.name] = task_json(task->second, made, run, info.group, options);
    metrics["task_order"].push_back(info.name);
  }
  add_totals(scores, run, dialect, options, &metrics);
  metrics["withheld"] = run.failed > options.max_failures;
  if (run.failed > options.max_failures) {
    const std::string reason = std::to_string(run.failed) + " of " +
                               std::to_string(samples.size()) + " samples failed, " +
                               std::to_string(options.max_failures) + " may (--max-failures)";
    for (auto& [name, block] : metrics["tasks"].items()) withhold(&block, reason);
    withhold(&metrics["all_tasks"], reason);
    withhold(&metrics, reason);
  }
  return metrics;
}

Json sample_row(const SampleOutcome& sample, Dialect dialect) {
  Json row = {{"key", sample.question.key},       {"task", sample.task},
              {"pair", sample.question.pair},     {"image", sample.question.image},
              {"question", sample.question.text}, {"label", sample.question.label}};
  yes_no::put_said({sample.answer, sample.margin, sample.finish, sample.error},
                   decide(sample.answer, dialect), sample.question.label == "yes", &row);
  return row;
}

SampleOutcome sample_of_row(const Json& row, const std::string& where) {
  ObjectReader reader(row, where);
  SampleOutcome sample;
  sample.task = reader.require<std::string>("task");
  sample.question.key = reader.require<std::string>("key");
  sample.question.pair = reader.require<int64_t>("pair");
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

}  // namespace vigor::mme
