// The drawings of a report of several runs: differences as a forest, figures as dots, tasks as a
// radar. As drawing.h: SVG with classes, every number also as text.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/report_content.h"

namespace vigor::reports {

// One difference; rows under one heading share a metric.
struct ForestRow {
  std::string heading;  // drawn above the row; empty continues the group
  std::string label;    // the run's letter and name
  std::string text;     // "+1.3 pt (+0.4 to +2.2)", right of the axis
  double difference = 0;
  std::optional<double> low, high;
  Verdict verdict = Verdict::kNoDifference;
};
// All rows share one axis in `unit`, with a line at no difference. The mark is a triangle upwards
// where the run is better, downwards where it is worse, and a circle else.
std::string draw_forest(const std::string& title, const std::vector<ForestRow>& rows,
                        const std::string& unit);

// A drawing that keeps its size on a narrow screen and scrolls there, by keyboard too; as markup.
std::string wide_figure(const std::string& title, const std::string& drawing);

// One figure with the comparisons of runs, each under the run's name.
struct ForestGroup {
  const RunMetric* metric = nullptr;
  std::vector<std::pair<std::string, const MetricComparison*>> changes;
};
// Forests as markup, one a unit; "" when nothing was compared. `base` is what the first run is
// called, `level` that of the intervals.
std::string forests_html(const std::vector<ForestGroup>& groups, const std::string& base,
                         double level);

// One figure of several runs on a line of its own.
struct DotRow {
  std::string label;
  struct Dot {
    double value = 0;  // in the axis' unit
    std::optional<double> low, high;
    size_t subject = 0;
    std::string letter;
    std::string text;  // for the tooltip
  };
  std::vector<Dot> dots;
};
// The axis goes from `lowest` to `highest`. Up to 60 dots have a lane each and their intervals; of
// more, those of a row share its line.
std::string draw_dots(const std::string& title, const std::vector<DotRow>& rows, double lowest,
                      double highest);

// One axis a task, from 0 in the middle to `highest`.
struct RadarShape {
  std::string letter;
  size_t subject = 0;
  std::vector<std::optional<double>> values;  // by axis; an empty one interrupts the line
};
std::string draw_radar(const std::string& title, const std::vector<std::string>& axes,
                       const std::vector<RadarShape>& shapes, double highest);

}  // namespace vigor::reports
