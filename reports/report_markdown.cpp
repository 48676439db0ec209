#include <fmt/format.h>

#include <algorithm>

#include "reports/markdown.h"
#include "reports/report_formats.h"

namespace vigor::reports {
namespace {

constexpr const char* kDash = "\xE2\x80\x93";

std::string name_of(const Report& report, size_t subject) {
  return "**" + report.subjects[subject].letter + "** " +
         code_span(report.subjects[subject].name, 60);
}

// Sentences and titles as they are, unless a name from outside in them could be markup.
std::string plain_or_code(const std::string& text, size_t limit) {
  return text.find_first_of("<>[]`@|*_#!&\\\n") == std::string::npos && text == printable(text)
             ? text
             : code_span(text, limit);
}

std::string verdict_mark(const MetricComparison& change) {
  switch (change.verdict) {
    case Verdict::kBetter:
      return " \xE2\x96\xB2";
    case Verdict::kWorse:
      return " \xE2\x96\xBC";
    default:
      return "";
  }
}

std::string value_cell(const ReportColumn& column, size_t m, bool with_interval) {
  const RunMetric* metric = column.metrics[m];
  if (metric == nullptr || !metric->value) return kDash;
  std::string cell = metric_text(*metric, metric->value);
  if (with_interval && metric->interval) {
    cell += " <sub>" + interval_text(*metric, metric->interval) + "</sub>";
  }
  return cell;
}

void board(std::string& out, const Report& report) {
  out += "| checkpoint |";
  std::string rule = "|---|";
  for (const ReportSection& section : report.sections) {
    out += " " + section.title + ": " +
           plain_or_code(section.metrics[quoted_metric(section)]->title, 60) + " |";
    rule += "--:|";
  }
  out += "\n" + rule + "\n";
  for (size_t s = 0; s < report.subjects.size(); ++s) {
    out +=
        "| " + name_of(report, s) + (s == 0 && report.subjects.size() > 1 ? " (base)" : "") + " |";
    for (const ReportSection& section : report.sections) {
      const auto column = std::find_if(section.columns.begin(), section.columns.end(),
                                       [&](const ReportColumn& one) { return one.subject == s; });
      if (column == section.columns.end()) {
        out += std::string(" ") + kDash + " |";
        continue;
      }
      const size_t m = quoted_metric(section);
      out += " " + value_cell(*column, m, true);
      const MetricComparison* change = column->changes[m];
      if (change != nullptr && change->difference) {
        out += "<br>" + difference_text(change->metric, *change->difference) + " " +
               verdict_name(change->verdict) + verdict_mark(*change);
      } else if (!column->differs.empty()) {
        out += "<br>not compared";
      }
      out += " |";
    }
    out += "\n";
  }
  out += "\n";
}

void notes(std::string& out, const Report& report) {
  const std::vector<std::string> all = report_notes(report);
  if (all.empty()) return;
  constexpr size_t kShown = 20;
  out += "> **Note**\n";
  for (size_t i = 0; i < std::min(all.size(), kShown); ++i) {
    out += "> - " + code_span(all[i], 400) + "\n";
  }
  if (all.size() > kShown) out += fmt::format("> - and {} more\n", all.size() - kShown);
  out += "\n";
}

// The figures that a benchmark is quoted by, then all the others, folded.
std::string figures(const Report& report, const ReportSection& section, bool headline) {
  std::string rows;
  for (size_t m = 0; m < section.metrics.size(); ++m) {
    const RunMetric& metric = *section.metrics[m];
    if (metric.headline != headline) continue;
    rows += "| " + plain_or_code(metric.title, 60) + " |";
    for (const ReportColumn& column : section.columns) {
      rows += " " + value_cell(column, m, headline);
      const MetricComparison* change = column.changes[m];
      if (change != nullptr && change->difference && headline) {
        rows += "<br>" + difference_text(metric, *change->difference) + verdict_mark(*change) +
                " <sub>" + change_interval_text(*change);
        const std::string p = p_text(change->p_holm ? change->p_holm : change->p);
        rows += (p.empty() ? "" : ", " + p) + "</sub>";
      } else if (change != nullptr) {
        rows += verdict_mark(*change);
      }
      rows += " |";
    }
    rows += "\n";
  }
  if (rows.empty()) return "";
  std::string out = "| |";
  std::string rule = "|---|";
  for (const ReportColumn& column : section.columns) {
    out += " " + report.subjects[column.subject].letter + " |";
    rule += "--:|";
  }
  return out + "\n" + rule + "\n" + rows + "\n";
}

std::string paper(const Report& report, const PaperTable& table) {
  std::string out = "<details><summary>As Table " + table.id + " of the paper: " + table.title +
                    "</summary>\n\n| method |";
  std::string rule = "|---|";
  for (const std::string& head : table.described_by) {
    out += " " + head + " |";
    rule += "---|";
  }
  for (const PublishedColumn& column : table.columns) {
    out += " " + (column.group.empty() ? "" : column.group + " ") + column.head + " |";
    rule += "--:|";
  }
  out += "\n" + rule + "\n";
  for (const PaperRow& row : table.rows) {
    out += "| " +
           (row.measured ? name_of(report, row.subject) : "*" + row.method + "* \xE2\x80\xA0") +
           " |";
    for (const std::string& cell : row.described) out += " " + cell + " |";
    for (const std::string& cell : row.cells) out += " " + (cell == "-" ? kDash : cell) + " |";
    out += "\n";
  }
  out += "\n\xE2\x80\xA0 published, not measured here (" + published().source + ")\n";
  for (const std::string& note : table.notes) out += "\n" + note + "\n";
  return out + "\n</details>\n\n";
}

std::string examples(const Report& report, const ReportSection& section,
                     const RunsReportOptions& options) {
  std::string out;
  for (const ReportColumn& column : section.columns) {
    if (!column.comparison || options.markdown_examples == 0) continue;
    const Comparison& comparison = *column.comparison;
    if (comparison.regressed + comparison.improved + comparison.lost + comparison.gained == 0)
      continue;
    out += fmt::format(
        "<details><summary>{}, {}: {} regressed, {} improved, {} lost, {} gained</summary>\n\n",
        section.title, report.subjects[column.subject].letter, comparison.regressed,
        comparison.improved, comparison.lost, comparison.gained);
    size_t shown = 0;
    for (const Flip& flip : comparison.flips) {
      if (flip.kind != Flip::Kind::kRegressed && flip.kind != Flip::Kind::kLost) continue;
      if (++shown > options.markdown_examples) break;
      out += "- " + code_span(flip.question.empty() ? flip.id : flip.question) + " \xE2\x80\x93 ";
      if (!flip.label.empty()) out += "truth " + code_span(flip.label, 60) + ", ";
      out += "said " + code_span(flip.base_answer, 100) + ", now " +
             code_span(flip.candidate_answer, 100) + " (" + code_span(flip.id, 60) + ", " +
             code_span(flip.image, 80) + ")\n";
    }
    out += "\n</details>\n\n";
  }
  return out;
}

}  // namespace

std::string report_markdown(const Report& report, const RunsReportOptions& options) {
  const ReportHeadline headline = report_headline(report);
  std::string out = "### ";
  if (!report.title.empty()) out += code_span(report.title, 100) + ": ";
  out += plain_or_code(headline.title, 200) + "\n\n";
  out += report.subjects.size() == 1 ? code_span(headline.lead, 300)
                                     : plain_or_code(headline.lead, 1000);
  out += "\n\n";
  board(out, report);
  notes(out, report);
  // What does not fit is left out whole, the least needed last.
  size_t left_out = 0;
  const auto add = [&](const std::string& block) {
    if (out.size() + block.size() < kMarkdownLimit) {
      out += block;
    } else {
      ++left_out;
    }
  };
  for (const ReportSection& section : report.sections) {
    const std::string head = figures(report, section, true);
    if (!head.empty()) add("#### " + section.title + "\n\n" + head);
  }
  for (const ReportSection& section : report.sections) {
    for (const PaperTable& table : paper_tables(report, section)) add(paper(report, table));
    const std::string rest = figures(report, section, false);
    if (!rest.empty()) {
      add("<details><summary>" + section.title + ": every figure</summary>\n\n" + rest +
          "</details>\n\n");
    }
    add(examples(report, section, options));
  }
  if (report.subjects.size() > 1) {
    out +=
        "Differences are to A, paired by image; \xE2\x96\xB2 better, \xE2\x96\xBC worse (Holm, "
        "5 %).\n";
  }
  if (left_out > 0) {
    out += fmt::format("\n{} parts are left out here for length: see report.html.\n", left_out);
  }
  return out;
}

}  // namespace vigor::reports
