#include "reports/report_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/pope_formats.h"
#include "reports/pope_run.h"

namespace vigor::reports {
namespace {

std::string folder_name(const RunView& run) {
  const auto folder = run.folder.filename().empty() ? run.folder.parent_path() : run.folder;
  return folder.filename().string();
}

// A checkpoint is known by its name; two runs of one benchmark under the same name (another prompt,
// another seed) are told apart by their folders.
std::vector<std::string> subject_names(const std::vector<RunView>& views) {
  std::map<std::pair<std::string, std::string>, int> count;
  for (const RunView& view : views) ++count[{view.benchmark, view.name}];
  std::set<std::string> doubled;
  for (const auto& [key, number] : count) {
    if (number > 1) doubled.insert(key.second);
  }
  std::vector<std::string> names;
  std::map<std::pair<std::string, std::string>, int> taken;
  for (const RunView& view : views) {
    std::string name =
        doubled.contains(view.name) ? view.name + " (" + folder_name(view) + ")" : view.name;
    // Folders of one name in different places.
    const int number = ++taken[{view.benchmark, name}];
    if (number > 1) name += fmt::format(" #{}", number);
    names.push_back(std::move(name));
  }
  return names;
}

std::optional<double> number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// Candidates of one ranking were ranked against each other on the same images: each has the others
// for opponents, which is what makes them comparable and not what forbids it.
bool same_ranking(const RunView& a, const RunView& b) {
  return !a.candidate.empty() && !b.candidate.empty() && a.folder == b.folder;
}

void compare_column(const ReportSection& section, const std::vector<RunView>& base,
                    ReportColumn& column, const CompareOptions& options) {
  const bool together = same_ranking(base.front(), *column.run);
  if (!together) column.differs = incomparable(base.front(), *column.run);
  if (!column.differs.empty() && !options.force) return;
  CompareOptions forced = options;
  forced.force = options.force || together;
  try {
    column.comparison = compare_runs(base, std::vector<RunView>(1, *column.run), forced);
  } catch (const Error& error) {
    column.not_compared = error.parts().what;
    return;
  }
  for (size_t m = 0; m < section.metrics.size(); ++m) {
    column.changes[m] = column.comparison->metric(section.metrics[m]->key);
  }
}

}  // namespace

std::string benchmark_title(const std::string& benchmark) {
  static const std::map<std::string, std::string> kTitles = {{"pope", "POPE"},
                                                             {"mme", "MME"},
                                                             {"mmhal", "MMHal-Bench"},
                                                             {"ranking", "Caption ranking"},
                                                             {"chair", "CHAIR"}};
  const auto found = kTitles.find(benchmark);
  return found == kTitles.end() ? benchmark : found->second;
}

UnitScale unit_scale(Unit unit) {
  switch (unit) {
    case Unit::kShare:
      return {100, 1, "percent", "percentage points"};
    case Unit::kPoints:
      return {1, 1, "points", "points"};
    case Unit::kRating:
      return {1, 2, "rating, 0 to 6", "of the rating"};
    case Unit::kRank:
      break;
  }
  return {1, 2, "mean rank, 1 is best", "of the mean rank"};
}

std::string change_interval_text(const MetricComparison& change) {
  if (!change.interval) return "";
  const UnitScale scale = unit_scale(change.metric.unit);
  return fmt::format("{:+.{}f} to {:+.{}f}", change.interval->low * scale.factor, scale.decimals,
                     change.interval->high * scale.factor, scale.decimals);
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "";
  return *p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", *p);
}

RunCost run_cost(const RunView& run) {
  RunCost cost;
  if (!run.run.is_object()) return cost;
  cost.rows_per_s = number_at(run.run, "rows_per_s");
  cost.peak_bytes = number_at(run.run, "peak_memory_bytes");
  const auto timing = run.run.find("timing");
  if (timing != run.run.end() && timing->is_object()) {
    cost.evaluate_s = number_at(*timing, "evaluate_s");
    cost.load_s = number_at(*timing, "load_s");
  }
  const auto flops = number_at(run.run, "useful_flops");
  if (flops && cost.evaluate_s && *cost.evaluate_s > 0) {
    cost.useful_flops_per_s = *flops / *cost.evaluate_s;
  }
  for (const char* key : {"device", "dtype"}) {
    const std::string text = text_at(run.run, key);
    if (!text.empty()) cost.machine += (cost.machine.empty() ? "" : ", ") + text;
  }
  return cost;
}

size_t quoted_metric(const ReportSection& section) {
  for (size_t i = 0; i < section.metrics.size(); ++i) {
    if (section.metrics[i]->headline) return i;
  }
  return 0;
}

Report gather_report(std::vector<RunView> views, const CompareOptions& options) {
  Report report;
  report.views = std::move(views);
  const std::vector<std::string> names = subject_names(report.views);
  for (size_t v = 0; v < report.views.size(); ++v) {
    const RunView& view = report.views[v];
    auto subject = std::find_if(report.subjects.begin(), report.subjects.end(),
                                [&](const Subject& one) { return one.name == names[v]; });
    if (subject == report.subjects.end()) {
      report.subjects.push_back({run_letter(report.subjects.size()), names[v]});
      subject = report.subjects.end() - 1;
    }
    auto section = std::find_if(report.sections.begin(), report.sections.end(),
                                [&](const auto& one) { return one.benchmark == view.benchmark; });
    if (section == report.sections.end()) {
      report.sections.push_back({view.benchmark, benchmark_title(view.benchmark), {}, {}});
      section = report.sections.end() - 1;
    }
    ReportColumn column;
    column.run = &view;
    column.subject = static_cast<size_t>(subject - report.subjects.begin());
    section->columns.push_back(std::move(column));
  }
  for (ReportSection& section : report.sections) {
    std::set<std::string> seen;
    for (const ReportColumn& column : section.columns) {
      for (const RunMetric& metric : column.run->metrics) {
        if (seen.insert(metric.key).second) section.metrics.push_back(&metric);
      }
    }
    for (ReportColumn& column : section.columns) {
      for (const RunMetric* metric : section.metrics) {
        column.metrics.push_back(column.run->metric(metric->key));
      }
      column.changes.resize(section.metrics.size());
    }
    if (section.columns.size() < 2) continue;
    const std::vector<RunView> base(1, *section.columns.front().run);
    for (size_t c = 1; c < section.columns.size(); ++c) {
      compare_column(section, base, section.columns[c], options);
      report.forced = report.forced || (options.force && !section.columns[c].differs.empty());
    }
  }
  return report;
}

}  // namespace vigor::reports
