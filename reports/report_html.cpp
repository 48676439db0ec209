#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/assets.h"
#include "reports/html_parts.h"
#include "reports/page.h"
#include "reports/pope_run.h"
#include "reports/report_formats.h"

namespace vigor::reports {
namespace {

std::string header(const Report& report) {
  const ReportHeadline headline = report_headline(report);
  std::string benchmarks;
  for (const ReportSection& section : report.sections) {
    benchmarks += (benchmarks.empty() ? "" : ", ") + section.title;
  }
  std::string out = "<header>\n<p class=\"kicker\">";
  if (!report.title.empty()) out += bdi(report.title) + " \xC2\xB7 ";
  out += html_text(benchmarks) +
         fmt::format(" \xC2\xB7 {} checkpoint{} \xC2\xB7 {} run{}", report.subjects.size(),
                     report.subjects.size() == 1 ? "" : "s", report.views.size(),
                     report.views.size() == 1 ? "" : "s");
  out += "</p>\n<h1>" + html_text(headline.title) + "</h1>\n<p class=\"lead\">" +
         bdi(headline.lead) + "</p>\n";
  out += "<nav class=\"contents\" aria-label=\"Contents\">";
  for (size_t i = 0; i < report.sections.size(); ++i) {
    out +=
        fmt::format("<a href=\"#benchmark-{}\">", i) + html_text(report.sections[i].title) + "</a>";
  }
  out +=
      "<a href=\"#cost\">Speed</a><a href=\"#answers\">Answers</a><a "
      "href=\"#settings\">Settings</a></nav>\n</header>\n";
  return out;
}

std::string board_cell(const ReportSection& section, const ReportColumn& column) {
  const size_t position = quoted_metric(section);
  const RunMetric* metric = column.metrics[position];
  if (metric == nullptr) return "<td class=\"n\">\xE2\x80\x93</td>";
  std::string out = "<td class=\"n\"><span class=\"big\">" +
                    html_text(metric->value ? metric_text(*metric, metric->value) : "no score") +
                    "</span><small>";
  out += metric->value ? html_text(interval_text(*metric, metric->interval)) : bdi(metric->reason);
  out += "</small>";
  const MetricComparison* change = column.changes[position];
  if (change != nullptr && change->difference) {
    out += "<span class=\"delta\">" + html_text(difference_text(*metric, *change->difference)) +
           " " + verdict_html(change) + "</span>";
  } else if (!column.differs.empty()) {
    out += "<span class=\"delta unclear\">not compared</span>";
  }
  return out + "</td>";
}

// What a manager reads: a line a checkpoint, a column a benchmark.
std::string board(const Report& report) {
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Summary\"><table "
      "class=\"board\">\n<thead><tr><th scope=\"col\">Checkpoint</th>";
  for (const ReportSection& section : report.sections) {
    const RunMetric& metric = *section.metrics[quoted_metric(section)];
    out += "<th scope=\"col\" class=\"n\">" + html_text(section.title) + "<small> " +
           html_text(metric.title) + (metric.better == Better::kLower ? ", lower is better" : "") +
           "</small></th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (size_t s = 0; s < report.subjects.size(); ++s) {
    out += std::string(s == 0 && report.subjects.size() > 1 ? "<tr class=\"base\">" : "<tr>") +
           "<th scope=\"row\">" + letter_html(report, s) + bdi(report.subjects[s].name) +
           (s == 0 && report.subjects.size() > 1 ? " <small class=\"note\">base</small>" : "") +
           "</th>";
    for (const ReportSection& section : report.sections) {
      const auto column = std::find_if(section.columns.begin(), section.columns.end(),
                                       [&](const ReportColumn& one) { return one.subject == s; });
      out += column == section.columns.end() ? "<td class=\"n\">\xE2\x80\x93</td>"
                                             : board_cell(section, *column);
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  if (report.subjects.size() > 1) {
    out +=
        "<p class=\"note\">Below each figure its 95 % interval, clustered by image. A verdict is "
        "of a paired test on the same images against the first run, adjusted for testing several "
        "figures (Holm). \xE2\x80\x9CNo difference shown\xE2\x80\x9D is not \xE2\x80\x9Cno "
        "difference\xE2\x80\x9D.</p>\n";
  }
  return out;
}

std::string warnings(const Report& report) {
  std::string items;
  for (const std::string& note : report_notes(report)) items += "<li>" + bdi(note) + "</li>";
  return warning_box(items);
}

std::string cell_of(const std::optional<double>& value, double divisor, const char* format) {
  return "<td class=\"n\">" +
         (value ? fmt::format(fmt::runtime(format), *value / divisor) : "\xE2\x80\x93") + "</td>";
}

std::string cost(const Report& report) {
  std::string rows;
  for (const ReportSection& section : report.sections) {
    for (const ReportColumn& column : section.columns) {
      const RunCost one = run_cost(*column.run);
      if (!one.rows_per_s && !one.evaluate_s && !one.peak_bytes) continue;
      rows +=
          "<tr><th scope=\"row\">" + letter_html(report, column.subject) +
          bdi(report.subjects[column.subject].name) + "</th><td>" + html_text(section.title) +
          "</td>" + cell_of(one.rows_per_s, 1, "{:.1f}") + cell_of(one.evaluate_s, 1, "{:.1f}") +
          cell_of(one.load_s, 1, "{:.1f}") + cell_of(one.useful_flops_per_s, 1e9, "{:.0f}") +
          cell_of(one.peak_bytes, 1 << 30, "{:.2f}") + "<td>" + bdi(one.machine) + "</td></tr>\n";
    }
  }
  std::string out = "<section id=\"cost\">\n<h2>Speed</h2>\n";
  if (rows.empty()) {
    return out +
           "<p class=\"note\">The runs do not say: their answers were made "
           "elsewhere.</p>\n</section>\n";
  }
  return out +
         "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Speed\"><table "
         "class=\"plain\">\n<thead><tr><th scope=\"col\">Checkpoint</th><th scope=\"col\">"
         "Benchmark</th><th scope=\"col\" class=\"n\">Questions / s</th><th scope=\"col\" "
         "class=\"n\">Evaluating, s</th><th scope=\"col\" class=\"n\">Loading, s</th><th "
         "scope=\"col\" class=\"n\">Useful GFLOP/s</th><th scope=\"col\" class=\"n\">Peak memory, "
         "GiB</th><th scope=\"col\">On</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>\n</section>\n";
}

std::string settings(const Report& report) {
  std::string out =
      "<section id=\"settings\">\n<h2>Settings</h2>\n<p class=\"note\">\xE2\x89\xA0 marks what "
      "differs.</p>\n";
  for (const ReportSection& section : report.sections) {
    std::map<std::string, std::vector<std::string>> table;
    for (size_t c = 0; c < section.columns.size(); ++c) {
      for (const auto& [key, value] : flat_settings(section.columns[c].run->run)) {
        auto& row = table[key];
        row.resize(section.columns.size());
        row[c] = value;
      }
    }
    out +=
        "<details>\n<summary>" + html_text(section.title) +
        "</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Settings, " +
        html_text(section.title) + "\"><table>\n<thead><tr><th scope=\"col\">Setting</th>";
    for (const ReportColumn& column : section.columns) {
      out += "<th scope=\"col\">" + html_text(report.subjects[column.subject].letter) + "</th>";
    }
    out += "</tr></thead>\n<tbody>\n";
    for (const auto& [key, row] : table) {
      const bool same =
          std::all_of(row.begin(), row.end(), [&](const auto& value) { return value == row[0]; });
      out += std::string(same ? "<tr>" : "<tr class=\"differs\">") + "<th scope=\"row\">" +
             bdi(key) + "</th>";
      for (const std::string& value : row) {
        out += "<td><code class=\"data\">" + html_text(value) + "</code></td>";
      }
      out += "</tr>\n";
    }
    out += "</tbody></table></div>\n</details>\n";
  }
  return out + "</section>\n";
}

}  // namespace

std::string letter_html(const std::string& letter, size_t colour) {
  return fmt::format("<span class=\"letter s-{}\">{}</span>", colour % 6, html_text(letter));
}

std::string letter_html(const Report& report, size_t subject) {
  return letter_html(report.subjects[subject].letter, subject);
}

std::string verdict_html(const MetricComparison* change) {
  if (change == nullptr || change->verdict == Verdict::kUntested) return "";
  const char* style = change->verdict == Verdict::kBetter  ? "better"
                      : change->verdict == Verdict::kWorse ? "worse"
                                                           : "unclear";
  const char* mark = change->verdict == Verdict::kBetter  ? "\xE2\x96\xB2 "
                     : change->verdict == Verdict::kWorse ? "\xE2\x96\xBC "
                                                          : "";
  return fmt::format("<span class=\"{}\">{}{}</span>", style, mark, verdict_name(change->verdict));
}

std::string report_html(const Report& report, const RunsReportOptions& options) {
  RunsTable samples = runs_table(report, options);
  Page page;
  page.title = report.title.empty() ? report_headline(report).title : report.title;
  page.body = "<main>\n" + header(report) + board(report) + warnings(report);
  for (const ReportSection& section : report.sections) page.body += section_html(report, section);
  page.body += cost(report) + samples.markup + settings(report) + page_footer() + "</main>\n";
  page.data = std::move(samples.data);
  page.blocks.emplace_back("pictures", std::move(samples.pictures));
  const std::string css = std::string(assets::kReportCss) + std::string(assets::kRunsCss);
  const std::string script = std::string(assets::kListJs) + std::string(assets::kRunsJs);
  return render_page(page, css, script);
}

}  // namespace vigor::reports
