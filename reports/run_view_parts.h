// What the views of the single benchmarks share, and their list: a new benchmark is one function
// here and one line in run_view.cpp.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/pope_run.h"
#include "reports/run_view.h"

namespace vigor::reports {

// A line of samples.jsonl with its place, for messages.
struct SampleLine {
  std::string where;  // "runs/a/samples.jsonl:17"
  Json row;
};

// A folder that was read but not yet understood.
struct OpenedRun {
  RunView view;  // folder, name, images, run, metrics_json, benchmark, complete, counts are set
  std::vector<SampleLine> lines;
  std::string metrics_where;  // "runs/a/metrics.json"
};

// Each fills in dialect, prompt, judge, clusters, metrics and samples.
std::vector<RunView> pope_views(OpenedRun&& opened);
std::vector<RunView> mme_views(OpenedRun&& opened);
std::vector<RunView> mmhal_views(OpenedRun&& opened);
std::vector<RunView> ranking_views(OpenedRun&& opened);
std::vector<RunView> chair_views(OpenedRun&& opened);

// Numbers for names, in the order of first appearance.
class Clusters {
 public:
  size_t of(const std::string& name);
  std::vector<std::string> names() const { return names_; }
  size_t size() const { return names_.size(); }

 private:
  std::map<std::string, size_t> position_;
  std::vector<std::string> names_;
};

// The metric with value, reason and interval as `block` of metrics.json has them under `name`. When
// `terms` do not give the value again (beyond rounding) they are dropped, with the reason.
RunMetric view_metric(const Json& block, RunMetric metric);

// AUROC and calibration of the yes margin taken apart by cluster, from view.samples and
// view.clusters, which must be set. Failed samples and samples without margin are in neither.
class MarginTerms {
 public:
  explicit MarginTerms(const RunView& view);
  // Of the samples of one group, "" is all. Empty when one of the labels is missing.
  statistics::RatioSum auroc(const std::string& group) const;
  // Appends `name`.auroc, with `ece` also `name`.ece, of `block` of metrics.json to view.metrics;
  // nothing for a block without them. `terms` are auroc()'s.
  void add(RunView& view, const Json& block, const std::string& name, const std::string& group,
           statistics::RatioSum terms, bool ece) const;

 private:
  struct Item {
    double margin;
    bool yes;
    size_t cluster;
  };
  statistics::RatioSum calibration_error(const std::string& group, int bins) const;

  std::map<std::string, std::vector<Item>> groups_;  // "" is all
  size_t clusters_;
};

// The keys that samples of all benchmarks have: state, image, answer, error, margin, correct.
// Throws Error naming the line for a status that is none of the four.
RunSample view_sample(const SampleLine& line);

// settings.KEY of run.json as JSON text; "" when it is not there or null.
std::string setting_text(const Json& run, const std::string& key);

// "judge" and "template" of `source` as JSON text: who judged and with which prompt, without where
// the endpoint was; "" when there is no judge.
std::string judge_text(const Json& source);

// SHA-256 over id, image (its cluster), question and label of every sample, whatever their order.
std::string dataset_hash(const std::vector<RunSample>& samples);

}  // namespace vigor::reports
