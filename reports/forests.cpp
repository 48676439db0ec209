#include <fmt/format.h>

#include "reports/page.h"
#include "reports/report_drawing.h"

namespace vigor::reports {
namespace {

std::string forest_heading(const RunMetric& metric) {
  if (metric.better == Better::kLower) return metric.title + " (lower is better)";
  if (metric.better == Better::kNeither) return metric.title + " (neither side is better)";
  return metric.title;
}

ForestRow forest_row(const std::string& label, const MetricComparison& change,
                     const UnitScale& scale) {
  ForestRow row{"",
                label,
                difference_text(change.metric, *change.difference),
                *change.difference * scale.factor,
                {},
                {},
                change.verdict};
  if (change.interval) {
    row.low = change.interval->low * scale.factor;
    row.high = change.interval->high * scale.factor;
    row.text += " (" + change_interval_text(change) + ")";
  }
  return row;
}

}  // namespace

std::string wide_figure(const std::string& title, const std::string& drawing) {
  return "<figure class=\"wide\" tabindex=\"0\" aria-label=\"" + html_text(title) + "\">" +
         drawing + "</figure>\n";
}

std::string forests_html(const std::vector<ForestGroup>& groups, const std::string& base,
                         double level) {
  std::string out;
  for (const Unit unit : {Unit::kShare, Unit::kPoints, Unit::kRating, Unit::kRank}) {
    const UnitScale scale = unit_scale(unit);
    std::vector<ForestRow> rows;
    for (const ForestGroup& group : groups) {
      if (group.metric->unit != unit) continue;
      std::string heading = forest_heading(*group.metric);
      for (const auto& [label, change] : group.changes) {
        if (!change->difference) continue;
        rows.push_back(forest_row(label, *change, scale));
        std::swap(rows.back().heading, heading);
        heading.clear();
      }
    }
    if (rows.empty()) continue;
    const std::string title = fmt::format("Differences to {} with {:g} % intervals, {}", base,
                                          level * 100, scale.of_steps);
    out += wide_figure(title, draw_forest(title, rows, scale.of_steps));
  }
  return out;
}

}  // namespace vigor::reports
