// The formats for other programs: JSON, CSV, LaTeX, JUnit XML.
#include <fmt/format.h>

#include <algorithm>

#include "reports/compare_formats.h"
#include "reports/page.h"
#include "reports/report_formats.h"

namespace vigor::reports {
namespace {

Json change_json(const MetricComparison& change) {
  return {{"difference", or_null(change.difference)},
          {"ci95", interval_json(change.interval)},
          {"p", or_null(change.p)},
          {"p_holm", or_null(change.p_holm)},
          {"minimum_detectable", or_null(change.mdd)},
          {"verdict", verdict_name(change.verdict)},
          {"reason", change.reason.empty() ? Json() : Json(change.reason)}};
}

Json column_json(const Report& report, const ReportSection& section, const ReportColumn& column) {
  const RunView& run = *column.run;
  Json metrics = Json::object();
  for (size_t m = 0; m < section.metrics.size(); ++m) {
    const RunMetric* metric = column.metrics[m];
    if (metric == nullptr) continue;
    Json one = {{"value", or_null(metric->value)}, {"ci95", interval_json(metric->interval)}};
    if (!metric->value) one["reason"] = metric->reason;
    if (column.changes[m] != nullptr) one["change"] = change_json(*column.changes[m]);
    metrics[metric->key] = std::move(one);
  }
  Json out = {{"checkpoint", report.subjects[column.subject].letter},
              {"folder", run.folder.string()},
              {"dialect", run.dialect},
              {"dataset_hash", run.dataset_hash},
              {"complete", run.complete},
              {"withheld", run.withheld.empty() ? Json() : Json(run.withheld)},
              {"counts",
               {{"scored", run.scored},
                {"unparsed", run.unparsed},
                {"failed", run.failed},
                {"unjudged", run.unjudged}}},
              {"not_comparable", column.differs},
              {"metrics", metrics}};
  if (!run.candidate.empty()) out["candidate"] = run.candidate;
  if (column.comparison) {
    out["flips"] = {{"regressed", column.comparison->regressed},
                    {"improved", column.comparison->improved},
                    {"lost", column.comparison->lost},
                    {"gained", column.comparison->gained}};
  }
  const RunCost cost = run_cost(run);
  out["cost"] = {{"rows_per_s", or_null(cost.rows_per_s)},
                 {"evaluate_s", or_null(cost.evaluate_s)},
                 {"load_s", or_null(cost.load_s)},
                 {"peak_memory_bytes", or_null(cost.peak_bytes)}};
  return out;
}

// RFC 4180. Text from outside that a spreadsheet would run as a formula is defused.
std::string csv_text(const std::string& text) {
  std::string safe = printable(text);
  if (!safe.empty() && std::string_view("=+-@\t\r").find(safe[0]) != std::string_view::npos) {
    safe.insert(0, "'");
  }
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  std::string out = "\"";
  for (const char c : safe) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string csv_number(const std::optional<double>& value) {
  return value ? dump_json(*value) : "";
}

std::string latex_text(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '\\':
        out += "\\textbackslash{}";
        break;
      case '~':
        out += "\\textasciitilde{}";
        break;
      case '^':
        out += "\\textasciicircum{}";
        break;
      case '<':
        out += "\\textless{}";
        break;
      case '>':
        out += "\\textgreater{}";
        break;
      case '|':
        out += "\\textbar{}";
        break;
      // At the start of a row these two would belong to the line end before it.
      case '[':
      case '*':
        out += std::string("{") + c + "}";
        break;
      case '{':
      case '}':
      case '$':
      case '&':
      case '#':
      case '%':
      case '_':
        out += '\\';
        [[fallthrough]];
      default:
        out += c;
    }
  }
  return out;
}

std::string latex_table(const PaperTable& table) {
  const size_t leading = 1 + table.described_by.size();
  std::string out = "% " + latex_text(table.title) + "\n\\begin{tabular}{" +
                    std::string(leading, 'l') + std::string(table.columns.size(), 'r') +
                    "}\n\\toprule\n";
  const bool grouped = std::any_of(table.columns.begin(), table.columns.end(),
                                   [](const auto& column) { return !column.group.empty(); });
  if (grouped) {
    std::string rules;
    out += fmt::format("\\multicolumn{{{}}}{{l}}{{}}", leading);
    for (size_t i = 0; i < table.columns.size();) {
      size_t end = i;
      while (end < table.columns.size() && table.columns[end].group == table.columns[i].group)
        ++end;
      out += fmt::format(" & \\multicolumn{{{}}}{{c}}{{{}}}", end - i,
                         latex_text(table.columns[i].group));
      if (!table.columns[i].group.empty()) {
        rules += fmt::format("\\cmidrule(lr){{{}-{}}}", leading + i + 1, leading + end);
      }
      i = end;
    }
    out += " \\\\\n" + rules + "\n";
  }
  out += "Method";
  for (const std::string& head : table.described_by) out += " & " + latex_text(head);
  for (const PublishedColumn& column : table.columns) out += " & " + latex_text(column.head);
  out += " \\\\\n\\midrule\n";
  bool measured = false, first = true;
  for (const PaperRow& row : table.rows) {
    if (row.measured && !measured && !first) out += "\\midrule\n";
    measured = row.measured;
    first = false;
    out += latex_text(row.method) + (row.measured ? "" : "$^\\dagger$");
    for (const std::string& cell : row.described) {
      out += " & " + (cell == "yes"  ? "\\checkmark"
                      : cell == "no" ? "$\\times$"
                                     : latex_text(cell));
    }
    for (const std::string& cell : row.cells) out += " & " + (cell == "-" ? "--" : cell);
    out += " \\\\\n";
  }
  out += "\\bottomrule\n\\end{tabular}\n\n% $^\\dagger$ published, not measured here: " +
         latex_text(published().source) + "\n";
  for (const std::string& note : table.notes) out += "% " + latex_text(note) + "\n";
  return out + "\n";
}

// A benchmark without a table in the paper: its figures, a row a checkpoint.
std::string latex_plain(const Report& report, const ReportSection& section) {
  std::vector<size_t> shown;
  for (size_t m = 0; m < section.metrics.size() && shown.size() < 8; ++m) shown.push_back(m);
  std::string out = "% " + latex_text(section.title) + "\n\\begin{tabular}{l" +
                    std::string(shown.size(), 'r') + "}\n\\toprule\nMethod";
  for (const size_t m : shown) out += " & " + latex_text(section.metrics[m]->title);
  out += " \\\\\n\\midrule\n";
  for (const ReportColumn& column : section.columns) {
    out += latex_text(report.subjects[column.subject].name);
    for (const size_t m : shown) {
      const RunMetric* metric = column.metrics[m];
      out += " & " + (metric != nullptr && metric->value
                          ? latex_text(metric_text(*metric, metric->value))
                          : std::string("--"));
    }
    out += " \\\\\n";
  }
  return out + "\\bottomrule\n\\end{tabular}\n\n";
}

}  // namespace

Json report_json(const Report& report) {
  const ReportHeadline headline = report_headline(report);
  Json subjects = Json::array(), sections = Json::array();
  for (const Subject& subject : report.subjects) {
    subjects.push_back({{"letter", subject.letter}, {"name", subject.name}});
  }
  for (const ReportSection& section : report.sections) {
    Json metrics = Json::array(), runs = Json::array();
    for (const RunMetric* metric : section.metrics) {
      metrics.push_back({{"key", metric->key},
                         {"title", metric->title},
                         {"unit", unit_key(metric->unit)},
                         {"better", better_key(metric->better)},
                         {"headline", metric->headline}});
    }
    for (const ReportColumn& column : section.columns) {
      runs.push_back(column_json(report, section, column));
    }
    sections.push_back({{"benchmark", section.benchmark}, {"metrics", metrics}, {"runs", runs}});
  }
  return {{"format", "vigor-eval report 1"}, {"title", report.title},
          {"headline", headline.title},      {"lead", headline.lead},
          {"forced", report.forced},         {"notes", report_notes(report)},
          {"checkpoints", subjects},         {"benchmarks", sections}};
}

std::string report_csv(const Report& report) {
  std::string out =
      "benchmark,checkpoint,name,folder,dialect,metric,unit,better,value,ci_low,ci_high,reason,"
      "difference,difference_low,difference_high,p,p_holm,verdict\r\n";
  for (const ReportSection& section : report.sections) {
    for (const ReportColumn& column : section.columns) {
      for (size_t m = 0; m < section.metrics.size(); ++m) {
        const RunMetric* metric = column.metrics[m];
        if (metric == nullptr) continue;
        const MetricComparison* change = column.changes[m];
        const auto end = [](const std::optional<statistics::Interval>& interval, bool low) {
          return csv_number(interval ? std::optional(low ? interval->low : interval->high)
                                     : std::nullopt);
        };
        out += section.benchmark + "," + report.subjects[column.subject].letter + "," +
               csv_text(report.subjects[column.subject].name) + "," +
               csv_text(column.run->folder.string()) + "," + csv_text(column.run->dialect) + "," +
               csv_text(metric->key) + "," + unit_key(metric->unit) + "," +
               better_key(metric->better) + "," + csv_number(metric->value) + "," +
               end(metric->interval, true) + "," + end(metric->interval, false) + "," +
               csv_text(metric->value ? "" : metric->reason);
        if (change == nullptr) {
          out += ",,,,,,";
        } else {
          out += "," + csv_number(change->difference) + "," + end(change->interval, true) + "," +
                 end(change->interval, false) + "," + csv_number(change->p) + "," +
                 csv_number(change->p_holm) + "," + verdict_name(change->verdict);
        }
        out += "\r\n";
      }
    }
  }
  return out;
}

std::string report_latex(const Report& report) {
  std::string out =
      "% Written by vigor-eval. Needs \\usepackage{booktabs} and \\usepackage{amssymb}.\n\n";
  for (const ReportSection& section : report.sections) {
    const std::vector<PaperTable> tables = paper_tables(report, section);
    for (const PaperTable& table : tables) out += latex_table(table);
    if (tables.empty()) out += latex_plain(report, section);
  }
  return out;
}

// The escapes of html_text() are those of XML, and it leaves no control character.
std::string report_junit(const Report& report) {
  std::string suites;
  size_t all_tests = 0, all_failures = 0, all_errors = 0;
  for (const ReportSection& section : report.sections) {
    for (const ReportColumn& column : section.columns) {
      const std::string name = section.title + ", " + report.subjects[column.subject].letter + " " +
                               report.subjects[column.subject].name;
      std::string cases;
      size_t tests = 0, failures = 0, errors = 0;
      for (size_t m = 0; m < section.metrics.size(); ++m) {
        const RunMetric* metric = column.metrics[m];
        if (metric == nullptr) continue;
        const MetricComparison* change = column.changes[m];
        ++tests;
        cases += "  <testcase classname=\"" + html_text(name) + "\" name=\"" +
                 html_text(metric->title) + "\">";
        if (!metric->value) {
          ++errors;
          cases += "<error message=\"no value: " + html_text(metric->reason) + "\"/>";
        } else if (change != nullptr && change->verdict == Verdict::kWorse) {
          ++failures;
          cases += "<failure message=\"worse: " + html_text(metric_text(*metric, metric->value)) +
                   ", " + html_text(difference_text(*metric, *change->difference)) + " (" +
                   html_text(change_interval_text(*change)) + "), " +
                   html_text(p_text(change->p_holm ? change->p_holm : change->p)) + "\"/>";
        } else {
          cases += "<system-out>" + html_text(metric_text(*metric, metric->value));
          if (change != nullptr && change->difference) {
            cases += ", " + html_text(difference_text(*metric, *change->difference)) + ", " +
                     verdict_name(change->verdict);
          }
          cases += "</system-out>";
        }
        cases += "</testcase>\n";
      }
      all_tests += tests;
      all_failures += failures;
      all_errors += errors;
      suites += fmt::format(
                    " <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
                    "skipped=\"0\">\n",
                    html_text(name), tests, failures, errors) +
                cases + " </testsuite>\n";
    }
  }
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"vigor-eval report\" "
             "tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
             all_tests, all_failures, all_errors) +
         suites + "</testsuites>\n";
}

}  // namespace vigor::reports
