#include "reports/sweep_drawing.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "reports/html_parts.h"
#include "reports/report_content.h"
#include "reports/report_drawing.h"

namespace vigor::reports {
namespace {

struct Chief {
  const char *benchmark, *key, *title;
};
// In the order in which they are drawn.
constexpr Chief kChief[] = {{"chair", "chair_i", "CHAIRi: named objects that are absent"},
                            {"sentences", "wrong_share", "Wrong sentences"},
                            {"chair", "recall", "Recall of true objects"},
                            {"pope", "average.accuracy", "POPE, accuracy on average"},
                            {"mme", "all_tasks.score", "MME, sum of the tasks that were asked"},
                            {"mmhal", "average", "MMHal-Bench, average rating"},
                            {"ranking", "average", "Mean rank over the judge's criteria"}};

ForestRow forest_row(const SweepColumn& column, const std::string& variant, const SweepCell& cell) {
  const UnitScale scale = unit_scale(column.unit);
  const statistics::Difference& change = cell.change->difference;
  return ForestRow{
      .heading = "",
      .label = variant,
      .text = fmt::format("{} ({} to {})", sweep_number(column.unit, change.value, true),
                          sweep_number(column.unit, change.interval.low, true),
                          sweep_number(column.unit, change.interval.high, true)),
      .difference = change.value * scale.factor,
      .low = change.interval.low * scale.factor,
      .high = change.interval.high * scale.factor,
      .verdict = sweep_verdict(column, cell)};
}

void add_rows(const SweepTable& table, size_t c, const char* title, std::vector<ForestRow>& rows) {
  const SweepColumn& column = table.columns[c];
  std::string heading =
      std::string(title) + (column.better == Better::kLower ? " (lower is better)" : "");
  for (const SweepRow& row : table.rows) {
    if (row.published || !row.cells[c].change) continue;
    rows.push_back(forest_row(column, row.name, row.cells[c]));
    rows.back().heading = std::exchange(heading, "");
  }
}

}  // namespace

std::string sweep_forests(const SweepReport& report) {
  std::map<Unit, std::vector<ForestRow>> rows;
  for (const auto& [benchmark, key, title] : kChief) {
    for (const SweepTable& table : report.tables) {
      // It repeats figures of other tables for some of the variants.
      if (table.id == "5") continue;
      for (size_t c = 0; c < table.columns.size(); ++c) {
        const SweepColumn& column = table.columns[c];
        if (column.benchmark != benchmark || column.key != key) continue;
        add_rows(table, c, title, rows[column.unit]);
      }
    }
  }
  std::string out;
  for (const Unit unit : {Unit::kShare, Unit::kPoints, Unit::kRating, Unit::kRank}) {
    if (rows[unit].empty()) continue;
    const std::string steps = unit_scale(unit).of_steps;
    const std::string title = fmt::format("Differences to {} with 95 % intervals, {}",
                                          report.variants.front().name, steps);
    out += wide_figure(title, draw_forest(title, rows[unit], steps));
  }
  if (out.empty()) return out;
  return "<section>\n<h2>What training changed</h2>\n<p class=\"note\">\xE2\x96\xB2 better, "
         "\xE2\x96\xBC worse than " +
         bdi(report.variants.front().name) +
         ", beyond chance (p &lt; 0.05 after Holm's correction over the figure's table); "
         "\xE2\x97\x8F no difference shown.</p>\n" +
         out + "</section>\n";
}

}  // namespace vigor::reports
