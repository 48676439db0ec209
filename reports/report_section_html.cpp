#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/drawing.h"
#include "reports/html_parts.h"
#include "reports/page.h"
#include "reports/report_drawing.h"
#include "reports/report_formats.h"

namespace vigor::reports {
namespace {

std::string name_of(const Report& report, const ReportColumn& column) {
  const Subject& subject = report.subjects[column.subject];
  return subject.letter + " " + subject.name;
}

std::string legend(const Report& report, const ReportSection& section) {
  std::string out = "<ul class=\"legend\">";
  for (const ReportColumn& column : section.columns) {
    out += "<li>" + letter_html(report, column.subject) + bdi(report.subjects[column.subject].name);
    const std::string& dialect = column.run->dialect;
    if (!dialect.empty()) out += " <span class=\"note\">" + bdi(dialect) + "</span>";
    out += "</li>";
  }
  return out + "</ul>\n";
}

std::string section_forests(const Report& report, const ReportSection& section,
                            bool headline_only) {
  std::vector<ForestGroup> groups;
  for (size_t m = 0; m < section.metrics.size(); ++m) {
    if (headline_only && !section.metrics[m]->headline) continue;
    ForestGroup group{section.metrics[m], {}};
    for (const ReportColumn& column : section.columns) {
      if (column.changes[m] != nullptr) {
        group.changes.emplace_back(name_of(report, column), column.changes[m]);
      }
    }
    groups.push_back(std::move(group));
  }
  return forests_html(groups, report.subjects[section.columns[0].subject].letter, 0.95);
}

std::string differences(const Report& report, const ReportSection& section) {
  const std::string main = section_forests(report, section, true);
  const std::string all = section_forests(report, section, false);
  if (all.empty()) return "";
  std::string out = "<h3>Differences to " + letter_html(report, section.columns[0].subject) +
                    bdi(report.subjects[section.columns[0].subject].name) + "</h3>\n";
  out +=
      "<p class=\"note\">With 95 % intervals, paired by image. \xE2\x96\xB2 better, \xE2\x96\xBC "
      "worse, \xE2\x97\x8F no difference shown.</p>\n" +
      (main.empty() ? all : main);
  if (!main.empty() && main != all) {
    out += "<details class=\"more\"><summary>Every figure</summary>\n" + all + "</details>\n";
  }
  return out;
}

std::string paper_html(const Report& report, const PaperTable& table) {
  std::string out = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table " +
                    html_text(table.id) + "\"><table class=\"paper\">\n<caption>As Table " +
                    html_text(table.id) + " of the paper: " + html_text(table.title) +
                    "</caption>\n<thead>";
  const size_t leading = 1 + table.described_by.size();
  if (std::any_of(table.columns.begin(), table.columns.end(),
                  [](const PublishedColumn& column) { return !column.group.empty(); })) {
    out += fmt::format("<tr><td colspan=\"{}\"></td>", leading);
    for (size_t i = 0; i < table.columns.size();) {
      size_t end = i;
      while (end < table.columns.size() && table.columns[end].group == table.columns[i].group)
        ++end;
      out += table.columns[i].group.empty()
                 ? fmt::format("<td colspan=\"{}\"></td>", end - i)
                 : fmt::format("<th class=\"over\" scope=\"colgroup\" colspan=\"{}\">{}</th>",
                               end - i, html_text(table.columns[i].group));
      i = end;
    }
    out += "</tr>\n";
  }
  out += "<tr><th scope=\"col\">Method</th>";
  for (const std::string& head : table.described_by) {
    out += "<th scope=\"col\">" + html_text(head) + "</th>";
  }
  for (const PublishedColumn& column : table.columns) {
    out += "<th scope=\"col\" class=\"n\"><abbr title=\"" + html_text(column.name) + "\">" +
           html_text(column.head) + "</abbr></th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  const auto part = [&](const std::string& words) {
    out += fmt::format("<tr class=\"part\"><th colspan=\"{}\" scope=\"rowgroup\">{}</th></tr>\n",
                       leading + table.columns.size(), html_text(words));
  };
  bool first = true, measured = false;
  for (const PaperRow& row : table.rows) {
    if (first && !row.measured) part("published, not measured here");
    if (row.measured && !measured) part("measured by vigor-eval");
    first = false;
    measured = row.measured;
    out += row.measured ? "<tr class=\"measured\">" : "<tr class=\"published\">";
    out += "<th scope=\"row\">" +
           (row.measured ? letter_html(report, row.subject) : std::string()) + bdi(row.method) +
           "</th>";
    for (const std::string& cell : row.described) out += "<td>" + html_text(cell) + "</td>";
    for (const std::string& cell : row.cells) {
      out += "<td class=\"n\">" + (cell == "-" ? "\xE2\x80\x93" : html_text(cell)) + "</td>";
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  for (const std::string& note : table.notes)
    out += "<p class=\"note\">" + html_text(note) + "</p>\n";
  return out;
}

std::string papers(const Report& report, const ReportSection& section) {
  std::string out;
  for (const PaperTable& table : paper_tables(report, section)) out += paper_html(report, table);
  if (out.empty()) return "";
  return "<h3>Beside the published figures</h3>\n" + out +
         "<p class=\"note\">Published: " + html_text(published().source) + ".</p>\n";
}

// What the dots and intervals need of 0 to `highest`, rounded to tenths of it: dots, unlike bars,
// need no zero.
std::pair<double, double> axis_of(const std::vector<DotRow>& rows, double highest) {
  double low = highest, high = 0;
  for (const DotRow& row : rows) {
    for (const DotRow::Dot& dot : row.dots) {
      low = std::min(low, dot.low.value_or(dot.value));
      high = std::max(high, dot.high.value_or(dot.value));
    }
  }
  const double step = highest / 10;
  return {std::max(0.0, std::floor(low / step - 0.2) * step),
          std::min(highest, std::ceil(high / step + 0.2) * step)};
}

// Positions of the metrics `name` that some run has a value of, a group each: tasks of MME in the
// order of the paper's table, others as they come.
std::vector<size_t> grouped_metrics(const ReportSection& section, const std::string& name) {
  std::vector<size_t> positions;
  for (size_t m = 0; m < section.metrics.size(); ++m) {
    const RunMetric& metric = *section.metrics[m];
    if (metric.name != name || metric.block.empty() || metric.block == "all_tasks") continue;
    if (std::any_of(section.columns.begin(), section.columns.end(),
                    [&](const ReportColumn& column) {
                      return column.metrics[m] != nullptr && column.metrics[m]->value;
                    })) {
      positions.push_back(m);
    }
  }
  std::vector<std::string> order;
  for (const PublishedTable& table : published().tables) {
    if (table.benchmark != section.benchmark || !order.empty()) continue;
    for (const PublishedColumn& column : table.columns) order.push_back(column.key);
  }
  const auto place = [&](size_t m) {
    return std::find(order.begin(), order.end(), section.metrics[m]->key) - order.begin();
  };
  if (section.benchmark == "mme") {
    std::stable_sort(positions.begin(), positions.end(),
                     [&](size_t a, size_t b) { return place(a) < place(b); });
  }
  return positions;
}

// The figures that say most by split, task or type: dots on one axis.
std::string by_group(const Report& report, const ReportSection& section) {
  struct Wanted {
    const char* benchmark;
    const char* name;  // RunMetric::name
    const char* title;
    double highest;
  };
  constexpr Wanted kWanted[] = {{"pope", "accuracy", "Accuracy by split, percent", 100},
                                {"pope", "f1", "F1 by split, percent", 100},
                                {"pope", "yes_ratio", "Says yes, percent", 100},
                                {"pope", "auroc", "AUROC of the yes margin, percent", 100},
                                {"mme", "score", "Score by task, of 200", 200},
                                {"mme", "auroc", "AUROC of the yes margin by task, percent", 100},
                                {"mmhal", "average", "Rating by type, of 6", 6}};
  std::string out;
  for (const Wanted& wanted : kWanted) {
    if (section.benchmark != wanted.benchmark) continue;
    std::vector<DotRow> rows;
    for (const size_t m : grouped_metrics(section, wanted.name)) {
      const RunMetric& metric = *section.metrics[m];
      const UnitScale scale = unit_scale(metric.unit);
      DotRow row{metric.block, {}};
      for (const ReportColumn& column : section.columns) {
        const RunMetric* one = column.metrics[m];
        if (one == nullptr || !one->value) continue;
        DotRow::Dot dot{*one->value * scale.factor,
                        {},
                        {},
                        column.subject,
                        report.subjects[column.subject].letter,
                        metric_text(*one, one->value)};
        if (one->interval) {
          dot.low = one->interval->low * scale.factor;
          dot.high = one->interval->high * scale.factor;
          dot.text += " (" + interval_text(*one, one->interval) + ")";
        }
        row.dots.push_back(std::move(dot));
      }
      if (!row.dots.empty()) rows.push_back(std::move(row));
    }
    if (rows.empty()) continue;
    const auto [low, high] = axis_of(rows, wanted.highest);
    out += "<h3>" + html_text(wanted.title) + "</h3>\n" +
           wide_figure(wanted.title, draw_dots(wanted.title, rows, low, high));
  }
  return out;
}

// MME's tasks as the field draws them, for few enough checkpoints to be told apart.
std::string radar(const Report& report, const ReportSection& section) {
  constexpr size_t kMost = 4;
  if (section.benchmark != "mme" || section.columns.size() > kMost) return "";
  std::vector<std::string> axes;
  const std::vector<size_t> positions = grouped_metrics(section, "score");
  for (const size_t m : positions) axes.push_back(section.metrics[m]->block);
  std::vector<RadarShape> shapes;
  for (const ReportColumn& column : section.columns) {
    RadarShape shape{report.subjects[column.subject].letter, column.subject, {}};
    for (const size_t m : positions) {
      shape.values.push_back(column.metrics[m] != nullptr ? column.metrics[m]->value
                                                          : std::nullopt);
    }
    shapes.push_back(std::move(shape));
  }
  const std::string drawing = draw_radar("MME score of each task, of 200", axes, shapes, 200);
  return drawing.empty() ? "" : wide_figure("MME's tasks as a radar", drawing);
}

// Stated probability of yes against how often yes was right, all questions of a run together.
std::string reliability(const Report& report, const ReportSection& section) {
  std::string panels;
  for (const ReportColumn& column : section.columns) {
    std::vector<statistics::ProbabilityItem> items;
    for (const RunSample& sample : column.run->samples) {
      if (!sample.margin || !std::isfinite(*sample.margin)) continue;
      if (sample.label != "yes" && sample.label != "no" && sample.label != "Yes" &&
          sample.label != "No") {
        continue;
      }
      items.push_back(
          {1 / (1 + std::exp(-*sample.margin)), sample.label == "yes" || sample.label == "Yes"});
    }
    const auto calibration = statistics::calibration(items);
    if (!calibration) continue;
    ReliabilityCurve curve{name_of(report, column), {}, static_cast<int>(column.subject)};
    for (const statistics::CalibrationBin& bin : calibration->bins) {
      if (bin.count > 0) {
        curve.points.push_back({bin.mean_probability, bin.share_positive, bin.count});
      }
    }
    panels +=
        "<figure><h4>" + letter_html(report, column.subject) +
        bdi(report.subjects[column.subject].name) + "</h4>" +
        draw_reliability(
            "Reliability of the yes margin of " + report.subjects[column.subject].letter, {curve}) +
        fmt::format(
            "<figcaption>Expected calibration error {:.1f} points, {} answers"
            "</figcaption></figure>\n",
            calibration->ece * 100, items.size());
  }
  if (panels.empty()) return "";
  return "<h3>Does it know when it is sure?</h3>\n<p class=\"note\">The yes margin as a "
         "probability, against how often yes was right. On the dashed line, stated and true agree; "
         "below it, yes is said too surely.</p>\n<div class=\"panels\">\n" +
         panels + "</div>\n";
}

// Open where nothing else is said about the benchmark.
std::string numbers(const Report& report, const ReportSection& section, bool open) {
  std::string out = std::string("<details class=\"more\"") + (open ? " open" : "") +
                    "><summary>All numbers</summary>\n<div class=\"scroll\" "
                    "tabindex=\"0\" role=\"region\" aria-label=\"All numbers, " +
                    html_text(section.title) +
                    "\"><table class=\"plain\">\n<thead><tr><th scope=\"col\">Figure</th>";
  for (const ReportColumn& column : section.columns) {
    out += "<th scope=\"col\" class=\"n\">" + html_text(report.subjects[column.subject].letter) +
           "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (size_t m = 0; m < section.metrics.size(); ++m) {
    const RunMetric& metric = *section.metrics[m];
    out += "<tr><th scope=\"row\">" + bdi(metric.title) + "</th>";
    for (const ReportColumn& column : section.columns) {
      const RunMetric* one = column.metrics[m];
      if (one == nullptr) {
        out += "<td class=\"n\">\xE2\x80\x93</td>";
        continue;
      }
      out += "<td class=\"n\">" +
             html_text(one->value ? metric_text(*one, one->value) : "\xE2\x80\x93") + "<small>" +
             bdi(one->value ? interval_text(*one, one->interval) : one->reason) + "</small>";
      const MetricComparison* change = column.changes[m];
      if (change != nullptr && change->difference) {
        out += "<small>" + html_text(difference_text(metric, *change->difference)) + " " +
               html_text(p_text(change->p_holm ? change->p_holm : change->p)) + "</small>";
        if (change->verdict == Verdict::kBetter || change->verdict == Verdict::kWorse) {
          out += "<small>" + verdict_html(change) + "</small>";
        }
      }
      out += "</td>";
    }
    out += "</tr>\n";
  }
  const auto counts = [&](const char* name, int64_t RunView::*member) {
    out += std::string("<tr><th scope=\"row\">") + name + "</th>";
    for (const ReportColumn& column : section.columns) {
      out += fmt::format("<td class=\"n\">{}</td>", column.run->*member);
    }
    out += "</tr>\n";
  };
  counts("Answers scored", &RunView::scored);
  counts("Answers unparsed", &RunView::unparsed);
  counts("Answers failed", &RunView::failed);
  counts("Answers unjudged", &RunView::unjudged);
  return out + "</tbody></table></div>\n</details>\n";
}

}  // namespace

std::string section_html(const Report& report, const ReportSection& section) {
  const auto position = static_cast<size_t>(&section - report.sections.data());
  const std::string shown = differences(report, section) + papers(report, section) +
                            by_group(report, section) + radar(report, section) +
                            reliability(report, section);
  return fmt::format("<section class=\"benchmark\" id=\"benchmark-{}\">\n<h2>", position) +
         html_text(section.title) + "</h2>\n" + legend(report, section) + shown +
         numbers(report, section, shown.empty()) + "</section>\n";
}

}  // namespace vigor::reports
