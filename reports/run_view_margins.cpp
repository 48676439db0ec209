// The yes margin as figures of a view.
#include <cmath>

#include "reports/run_view_parts.h"

namespace vigor::reports {

MarginTerms::MarginTerms(const RunView& view) : clusters_(view.clusters.size()) {
  std::map<std::string, size_t> position;
  for (size_t c = 0; c < clusters_; ++c) position[view.clusters[c]] = c;
  for (const RunSample& sample : view.samples) {
    if (!sample.margin || std::isnan(*sample.margin) || sample.state == "failed") continue;
    const Item item{*sample.margin, sample.label != "no", position.at(sample.cluster)};
    groups_[""].push_back(item);
    if (!sample.group.empty()) groups_[sample.group].push_back(item);
  }
}

statistics::RatioSum MarginTerms::auroc(const std::string& group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return {};
  std::vector<statistics::RankedItem> ranked;
  std::vector<double> count(clusters_, 0);
  for (const Item& item : found->second) {
    ranked.push_back({item.margin, item.yes, item.cluster});
    ++count[item.cluster];
  }
  const auto estimate = statistics::auroc_estimate(ranked, clusters_);
  if (!estimate) return {};
  return {statistics::linearised(*estimate, count)};
}

statistics::RatioSum MarginTerms::calibration_error(const std::string& group, int bins) const {
  const auto found = groups_.find(group);
  if (found == groups_.end() || bins < 1) return {};
  std::vector<statistics::ProbabilityItem> items;
  std::vector<size_t> cluster;
  for (const Item& item : found->second) {
    items.push_back({1 / (1 + std::exp(-item.margin)), item.yes});
    cluster.push_back(item.cluster);
  }
  return {statistics::calibration_term(items, cluster, clusters_, bins)};
}

void MarginTerms::add(RunView& view, const Json& block, const std::string& name,
                      const std::string& group, statistics::RatioSum terms, bool ece) const {
  if (!block.is_object() || !block.contains("auroc")) return;
  RunMetric metric;
  metric.block = name;
  metric.of_margin = true;
  metric.name = "auroc";
  metric.key = name + ".auroc";
  const std::string of = name == "all_tasks" ? "all tasks" : name;
  metric.title = "AUROC of the yes margin, " + of;
  metric.terms = std::move(terms);
  view.metrics.push_back(view_metric(block, metric));
  if (!ece) return;
  const Json curve = block.value("calibration", Json());
  const Json bins = curve.is_object() ? curve.value("bins", Json()) : Json();
  metric.name = "ece";
  metric.key = name + ".ece";
  metric.title = "Calibration error of the yes margin, " + of;
  metric.better = Better::kLower;
  metric.terms = bins.is_array() ? calibration_error(group, static_cast<int>(bins.size()))
                                 : statistics::RatioSum();
  const Json published = {{"ece", curve.is_object() ? curve.value("ece", Json()) : Json()},
                          {"reason", block.value("reason", Json())}};
  view.metrics.push_back(view_metric(published, std::move(metric)));
}

}  // namespace vigor::reports
