// MME as a view: acc, acc+ and score of each task, and the totals, by image.
#include <algorithm>
#include <filesystem>
#include <map>

#include "reports/run_view_parts.h"

namespace vigor::reports {
namespace {

// One picture of one task: two questions, of which so many are in the figures and right.
struct MmePair {
  size_t cluster = 0;
  int counted = 0, right = 0;
};

// A task's acc and acc+ taken apart by image; a picture that several tasks ask of is one image.
struct MmeTask {
  std::map<int64_t, MmePair> pairs;
  std::vector<statistics::ClusterRatio> acc;

  statistics::RatioTerm acc_term(double weight, size_t clusters) const {
    statistics::RatioTerm term{weight, acc};
    term.clusters.resize(clusters);
    return term;
  }
  // Pictures of which one answer does not count (failed; unparsed in dialect strict) are left out.
  statistics::RatioTerm plus_term(double weight, size_t clusters) const {
    statistics::RatioTerm term{weight, std::vector<statistics::ClusterRatio>(clusters)};
    for (const auto& [number, pair] : pairs) {
      if (pair.counted != 2) continue;
      term.clusters[pair.cluster].numerator += pair.right == 2 ? 1 : 0;
      term.clusters[pair.cluster].denominator += 1;
    }
    return term;
  }
};
using MmeTasks = std::map<std::string, MmeTask>;

// Result files made elsewhere name a picture by its text file ("existence/7.txt") where others say
// "existence/7.jpg": a picture is its task and stem, unless that is the name of two.
class MmePictures {
 public:
  explicit MmePictures(const std::vector<SampleLine>& lines) {
    for (const SampleLine& line : lines) {
      const std::string image = text_at(line.row, "image");
      const auto [found, fresh] = names_.try_emplace(stem(image), image);
      if (!fresh && found->second != image) found->second.clear();
    }
  }
  std::string of(const std::string& image) const {
    const auto found = names_.find(stem(image));
    return found == names_.end() || found->second.empty() ? image : found->first;
  }

 private:
  static std::string stem(const std::string& image) {
    return std::filesystem::path(image).replace_extension().string();
  }
  std::map<std::string, std::string> names_;  // the one name of a stem; "" of several
};

MmeTasks read_tasks(RunView& view, const std::vector<SampleLine>& lines) {
  Clusters clusters;
  const MmePictures pictures(lines);
  MmeTasks tasks;
  for (const SampleLine& line : lines) {
    ObjectReader reader(line.row, line.where);
    RunSample sample = view_sample(line);
    sample.id = reader.require<std::string>("key");
    sample.group = reader.require<std::string>("task");
    if (sample.state == "scored") sample.outcome = text_at(line.row, "decision");
    if (sample.state == "unparsed") sample.outcome = "neither yes nor no";
    sample.cluster = pictures.of(sample.image);
    const size_t cluster = clusters.of(sample.cluster);
    MmeTask& task = tasks[sample.group];
    MmePair& pair = task.pairs[reader.require<int64_t>("pair")];
    // An unreadable answer is wrong, but in dialect strict.
    if (sample.state == "scored" || (sample.state == "unparsed" && view.dialect != "strict")) {
      const bool right = sample.correct == true;
      pair.cluster = pair.counted == 0 ? cluster : pair.cluster;
      ++pair.counted;
      pair.right += right;
      task.acc.resize(std::max(task.acc.size(), cluster + 1));
      task.acc[cluster].numerator += right;
      task.acc[cluster].denominator += 1;
    }
    view.samples.push_back(std::move(sample));
  }
  view.clusters = clusters.names();
  return tasks;
}

enum class Total { kPerception, kCognition, kAll };

RunMetric total(const RunView& view, const MmeTasks& tasks, Total which) {
  RunMetric metric;
  metric.unit = Unit::kPoints;
  metric.headline = which != Total::kAll;
  const char* group = which == Total::kCognition ? "cognition" : "perception";
  const Json blocks = view.metrics_json.value("tasks", Json::object());
  for (const auto& [task, data] : tasks) {
    const bool member = text_at(blocks.value(task, Json()), "group") == group;
    if (which != Total::kAll && !member) continue;
    metric.terms.push_back(data.acc_term(100, view.clusters.size()));
    metric.terms.push_back(data.plus_term(100, view.clusters.size()));
  }
  if (which == Total::kAll) {
    metric.block = "all_tasks";
    metric.name = "score";
    metric.key = "all_tasks.score";
    metric.title = "Score, all tasks";
    return view_metric(view.metrics_json.value("all_tasks", Json()), std::move(metric));
  }
  metric.key = metric.name = group;
  metric.title = which == Total::kCognition ? "Cognition" : "Perception";
  return view_metric(view.metrics_json, std::move(metric));
}

}  // namespace

std::vector<RunView> mme_views(OpenedRun&& opened) {
  RunView& view = opened.view;
  ObjectReader keys(view.metrics_json, opened.metrics_where);
  view.dialect = keys.require<std::string>("dialect");
  view.prompt = setting_text(view.run, "prompt");
  MmeTasks tasks = read_tasks(view, opened.lines);
  for (const Total which : {Total::kPerception, Total::kCognition, Total::kAll}) {
    view.metrics.push_back(total(view, tasks, which));
  }
  // A part of the benchmark has no totals: then the sum of what there is stands for it.
  if (!view.metrics[0].value && !view.metrics[1].value && view.metrics.back().value) {
    for (RunMetric& metric : view.metrics) metric.headline = !metric.headline;
  }
  const size_t count = view.clusters.size();
  const Json blocks = view.metrics_json.value("tasks", Json::object());
  for (const auto& [task, block] : blocks.items()) {
    const MmeTask& data = tasks[task];
    const auto add = [&](const char* name, const char* title, Unit unit,
                         statistics::RatioSum terms) {
      RunMetric metric;
      metric.block = task;
      metric.name = name;
      metric.key = task + "." + name;
      metric.title = std::string(title) + ", " + task;
      metric.unit = unit;
      metric.terms = std::move(terms);
      view.metrics.push_back(view_metric(block, std::move(metric)));
    };
    add("score", "Score", Unit::kPoints, {data.acc_term(100, count), data.plus_term(100, count)});
    add("acc", "Accuracy", Unit::kShare, {data.acc_term(1, count)});
    add("acc_plus", "Accuracy+", Unit::kShare, {data.plus_term(1, count)});
  }
  const MarginTerms margins(view);
  margins.add(view, view.metrics_json.value("all_tasks", Json()), "all_tasks", "",
              margins.auroc(""), true);
  for (const auto& [task, block] : blocks.items()) {
    margins.add(view, block, task, task, margins.auroc(task), false);
  }
  view.dataset_hash = dataset_hash(view.samples);
  std::vector<RunView> out;
  out.push_back(std::move(view));
  return out;
}

}  // namespace vigor::reports
