// What a report of several runs says, gathered once: every format is a writer of this structure.
//
// Runs of one benchmark stand side by side, the first being the one that the others are compared
// with. A checkpoint keeps its letter over all benchmarks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/compare.h"
#include "reports/run_view.h"

namespace vigor::reports {

// A checkpoint (or a model behind an endpoint): one letter and colour in all sections.
struct Subject {
  std::string letter;  // "A", "B", ...
  std::string name;    // untrusted
};

struct ReportColumn {
  const RunView* run = nullptr;  // into Report::views
  size_t subject = 0;
  // With the first run of the section; empty for that one itself, and when the two are not compared
  // because of `differs` ("dialect: official, lmms") or `not_compared`.
  std::optional<Comparison> comparison;
  std::vector<std::string> differs;
  std::string not_compared;
  // By ReportSection::metrics; nullptr where the run has no such figure or no comparison.
  std::vector<const RunMetric*> metrics;
  std::vector<const MetricComparison*> changes;
};

struct ReportSection {
  std::string benchmark;                  // "pope"
  std::string title;                      // "POPE"
  std::vector<const RunMetric*> metrics;  // what the rows are: key, title, unit, direction
  std::vector<ReportColumn> columns;      // at least one
};

struct Report {
  std::string title;           // what the user calls it, or ""
  bool forced = false;         // some runs with other settings were compared all the same
  std::vector<RunView> views;  // in the order given
  std::vector<Subject> subjects;
  std::vector<ReportSection> sections;
  Report() = default;
  Report(Report&&) = default;  // sections point into views
  Report& operator=(Report&&) = default;
};

// At least one view. options.force compares runs whose settings differ, and marks them.
Report gather_report(std::vector<RunView> views, const CompareOptions& options);

struct ReportHeadline {
  std::string title, lead;  // plain text with text from outside in it
};
// The two sentences that stand above everything: what the tests show and no more.
ReportHeadline report_headline(const Report& report);

// What must be known before the figures are read, one plain sentence each, with untrusted text.
std::vector<std::string> report_notes(const Report& report);

// The figure that a benchmark is quoted by: the first headline metric of the section, else its
// first; position in ReportSection::metrics.
size_t quoted_metric(const ReportSection& section);

// "POPE" of "pope".
std::string benchmark_title(const std::string& benchmark);

// How a unit is drawn and tabulated.
struct UnitScale {
  double factor = 1;  // 100 for shares
  int decimals = 1;
  std::string name;      // "percent", "points"; of an axis of values
  std::string of_steps;  // "points"; of an axis of differences
};
UnitScale unit_scale(Unit unit);
// "+1.3 to +4.2", in the unit of difference_text(); "" without an interval.
std::string change_interval_text(const MetricComparison& change);
// "p = 0.012", "p < 0.001"; "" without one.
std::string p_text(const std::optional<double>& p);

// What a run cost, from run.json; empty where it does not say.
struct RunCost {
  std::optional<double> rows_per_s, evaluate_s, load_s, peak_bytes, useful_flops_per_s;
  std::string machine;  // device and dtype, untrusted
};
RunCost run_cost(const RunView& run);

}  // namespace vigor::reports
