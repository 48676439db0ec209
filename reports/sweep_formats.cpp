// The report of a sweep as JSON, Markdown, HTML and text.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/assets.h"
#include "reports/html_parts.h"
#include "reports/markdown.h"
#include "reports/page.h"
#include "reports/report_content.h"
#include "reports/report_formats.h"
#include "reports/sweep_drawing.h"
#include "reports/sweep_report.h"

namespace vigor::reports {
namespace {

std::string range_text(Unit unit, const statistics::Interval& interval) {
  return sweep_number(unit, interval.low) + " to " + sweep_number(unit, interval.high);
}

// What a test shows: " ▲" better, " ▼" worse, "".
std::string mark(const SweepColumn& column, const SweepCell& cell) {
  const Verdict verdict = sweep_verdict(column, cell);
  if (verdict == Verdict::kBetter) return " \xE2\x96\xB2";
  return verdict == Verdict::kWorse ? " \xE2\x96\xBC" : "";
}

std::string head_text(const SweepColumn& column) {
  const std::string unit = sweep_unit(column.unit);
  return (column.group.empty() ? "" : column.group + " ") + column.head +
         (unit.empty() ? "" : " " + unit);
}

const char* direction(Better better) {
  return better == Better::kHigher ? "higher" : better == Better::kLower ? "lower" : "neither";
}

std::string table_title(const SweepTable& table) {
  const bool of_paper = table.id.size() == 1;
  return of_paper ? "Table " + table.id + ": " + table.title : table.title;
}

std::string p_value(double p) {
  return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p);
}

Json cell_json(const SweepCell& cell) {
  Json out = {{"value", cell.value ? Json(*cell.value) : Json()},
              {"reason", cell.reason.empty() ? Json() : Json(cell.reason)},
              {"ci95", cell.interval ? Json({cell.interval->low, cell.interval->high}) : Json()}};
  Json seeds = Json::array();
  for (const auto& one : cell.by_seed) seeds.push_back(one ? Json(*one) : Json());
  out["by_seed"] = std::move(seeds);
  if (cell.change) {
    const statistics::SeededDifference& change = *cell.change;
    out["change"] = {{"difference", change.difference.value},
                     {"ci95", {change.difference.interval.low, change.difference.interval.high}},
                     {"p", change.difference.p},
                     {"p_holm", cell.p_holm ? Json(*cell.p_holm) : Json()},
                     {"seeds_counted", change.seeds_counted}};
  }
  return out;
}

std::string seeds_sentence(const SweepReport& report) {
  const size_t seeds = report.seeds.size();
  if (seeds == 1) {
    return "One training of each variant: the intervals are about other images, and say nothing of "
           "other trainings.";
  }
  return fmt::format(
      "Means over {} trainings (seeds). Intervals (95 %) count images and seeds as sources of "
      "error; "
      "differences are paired by image, and marked when p < 0.05 after Holm's correction over the "
      "table.",
      seeds);
}

// Why figures of a table are missing: each reason once, by its number in the cells.
class Reasons {
 public:
  explicit Reasons(const SweepTable& table) {
    for (const SweepRow& row : table.rows) {
      for (const SweepCell& cell : row.cells) {
        if (!cell.value && number(cell) > all_.size()) all_.push_back({row.name, cell.reason});
      }
    }
  }
  // From 1.
  size_t number(const SweepCell& cell) const {
    // What the base has for a reason as well is not of a seed.
    const size_t seed =
        cell.reason.starts_with("seed ") ? cell.reason.find(": ") : std::string::npos;
    const std::string bare = seed == std::string::npos ? "" : cell.reason.substr(seed + 2);
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const Reason& one) {
      return one.text == cell.reason || (!bare.empty() && one.text == bare);
    });
    return static_cast<size_t>(found - all_.begin()) + 1;
  }
  struct Reason {
    std::string variant;  // the first that has it
    std::string text;
  };
  const std::vector<Reason>& all() const { return all_; }

 private:
  std::vector<Reason> all_;
};

std::string html_cell(const SweepColumn& column, const SweepCell& cell, const Reasons& reasons) {
  if (!cell.value) {
    return "<td class=\"n\">\xE2\x80\x93<small title=\"" + html_text(printable(cell.reason)) +
           fmt::format("\">note {}</small></td>", reasons.number(cell));
  }
  std::string out = "<td class=\"n\">" + html_text(sweep_number(column.unit, *cell.value));
  if (cell.interval) {
    out += "<small>" + html_text(range_text(column.unit, *cell.interval)) + "</small>";
  }
  if (cell.change) {
    out += "<small>" +
           html_text(sweep_number(column.unit, cell.change->difference.value, true) +
                     mark(column, cell) + (cell.p_holm ? ", " + p_value(*cell.p_holm) : "")) +
           "</small>";
  }
  return out + "</td>";
}

std::string html_table(const SweepTable& table) {
  const Reasons reasons(table);
  std::string out =
      "<section>\n<h2>" + html_text(table_title(table)) +
      "</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">variant</th>";
  for (const SweepColumn& column : table.columns) {
    out += "<th scope=\"col\" class=\"n\" title=\"" + html_text(column.name) + "\">" +
           html_text(head_text(column)) + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const SweepRow& row : table.rows) {
    out += "<tr><th scope=\"row\">" + bdi(row.name) +
           (row.published ? "<small>published</small>" : "") + "</th>";
    for (size_t c = 0; c < table.columns.size(); ++c) {
      out += row.published ? "<td class=\"n note\">" + html_text(row.printed[c]) + "</td>"
                           : html_cell(table.columns[c], row.cells[c], reasons);
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n<p class=\"note\">";
  for (const SweepColumn& column : table.columns) {
    out += html_text(column.head) + ": " + html_text(column.name) +
           (column.better == Better::kLower ? " (lower is better)" : "") + ". ";
  }
  for (const std::string& note : table.notes) out += html_text(note) + " ";
  for (size_t i = 0; i < reasons.all().size(); ++i) {
    out += fmt::format("<br>Note {}: ", i + 1) + bdi(reasons.all()[i].text);
  }
  return out + "</p>\n</section>\n";
}

std::string markdown_cell(const SweepColumn& column, const SweepCell& cell,
                          const Reasons& reasons) {
  if (!cell.value) return fmt::format("\xE2\x80\x93 <sub>note {}</sub>", reasons.number(cell));
  std::string out = sweep_number(column.unit, *cell.value);
  if (cell.interval) out += " <sub>" + range_text(column.unit, *cell.interval) + "</sub>";
  if (cell.change) {
    out += "<br>" + sweep_number(column.unit, cell.change->difference.value, true) +
           mark(column, cell);
  }
  return out;
}

}  // namespace

Verdict sweep_verdict(const SweepColumn& column, const SweepCell& cell) {
  constexpr double kLevel = 0.05;
  const bool shown = cell.change && cell.p_holm && *cell.p_holm < kLevel;
  if (!shown || column.better == Better::kNeither) return Verdict::kNoDifference;
  const bool up = cell.change->difference.value > 0;
  return up == (column.better == Better::kHigher) ? Verdict::kBetter : Verdict::kWorse;
}

std::string sweep_number(Unit unit, double value, bool sign) {
  const UnitScale scale = unit_scale(unit);
  const double scaled = value * scale.factor;
  return fmt::format("{}{:.{}f}", sign && scaled >= 0 ? "+" : "", scaled, scale.decimals);
}

std::string sweep_unit(Unit unit) {
  return unit == Unit::kShare ? "%" : "";
}

Json sweep_json(const SweepReport& report) {
  Json tables = Json::array();
  for (const SweepTable& table : report.tables) {
    Json columns = Json::array(), rows = Json::array();
    for (const SweepColumn& column : table.columns) {
      columns.push_back({{"benchmark", column.benchmark},
                         {"key", column.key},
                         {"name", column.name},
                         {"better", direction(column.better)}});
    }
    for (const SweepRow& row : table.rows) {
      if (row.published) continue;  // data/published.json has them
      Json cells = Json::array();
      for (const SweepCell& cell : row.cells) cells.push_back(cell_json(cell));
      rows.push_back({{"variant", row.name}, {"cells", std::move(cells)}});
    }
    tables.push_back({{"id", table.id},
                      {"title", table.title},
                      {"columns", std::move(columns)},
                      {"rows", std::move(rows)},
                      {"notes", table.notes}});
  }
  Json variants = Json::array();
  for (const SweepVariant& variant : report.variants) {
    variants.push_back({{"name", variant.name}, {"trained", variant.trained}});
  }
  return {{"title", report.title},
          {"variants", std::move(variants)},
          {"seeds", report.seeds},
          {"tables", std::move(tables)},
          {"failures", report.failures}};
}

std::string sweep_markdown(const SweepReport& report) {
  std::string out = "# " + (report.title.empty() ? "Sweep" : code_span(report.title, 120)) +
                    "\n\n" + seeds_sentence(report) + "\n";
  if (!report.failures.empty()) {
    out += fmt::format("\n**{} jobs have no result:**\n\n", report.failures.size());
    for (const std::string& failure : report.failures) out += "- " + code_span(failure, 400) + "\n";
  }
  for (const SweepTable& table : report.tables) {
    const Reasons reasons(table);
    out += "\n## " + table_title(table) + "\n\n| variant |";
    std::string rule = "|---|";
    for (const SweepColumn& column : table.columns) {
      out +=
          " " + head_text(column) + (column.better == Better::kLower ? " \xE2\x86\x93" : "") + " |";
      rule += "--:|";
    }
    out += "\n" + rule + "\n";
    for (const SweepRow& row : table.rows) {
      out += "| " + (row.published ? row.name + " (published)" : code_span(row.name, 40)) + " |";
      for (size_t c = 0; c < table.columns.size(); ++c) {
        out += " " +
               (row.published ? row.printed[c]
                              : markdown_cell(table.columns[c], row.cells[c], reasons)) +
               " |";
      }
      out += "\n";
    }
    for (const std::string& note : table.notes) out += "\n" + note + "\n";
    for (size_t i = 0; i < reasons.all().size(); ++i) {
      out += fmt::format("\nNote {}: ", i + 1) + code_span(reasons.all()[i].text, 400) + "\n";
    }
  }
  return out;
}

std::string sweep_html(const SweepReport& report) {
  const std::string title = report.title.empty() ? "Sweep" : report.title;
  std::string body = "<main>\n<header>\n<p class=\"kicker\">";
  body += fmt::format("{} variant{} \xC2\xB7 {} seed{}", report.variants.size(),
                      report.variants.size() == 1 ? "" : "s", report.seeds.size(),
                      report.seeds.size() == 1 ? "" : "s");
  body += "</p>\n<h1>" + bdi(title) + "</h1>\n<p class=\"lead\">" +
          html_text(seeds_sentence(report)) + "</p>\n</header>\n";
  std::string items;
  for (const std::string& failure : report.failures) items += "<li>" + bdi(failure) + "</li>";
  if (!items.empty()) body += warning_box(items);
  body += sweep_forests(report);
  for (const SweepTable& table : report.tables) body += html_table(table);
  body += page_footer() + "</main>\n";
  static const std::string kStyle =
      std::string(assets::kReportCss) + std::string(assets::kRunsCss) +
      ".n { text-align: right; } td small, th small { display: block; color: var(--soft); "
      "font-weight: 400; white-space: nowrap; } .scroll { overflow-x: auto; } th, td { padding: "
      "6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; } th { text-align: "
      "left; } td small bdi { white-space: normal; display: inline-block; max-width: 16em; }\n";
  return render_page({.title = title, .body = body, .data = sweep_json(report)}, kStyle, "");
}

std::string sweep_text(const SweepReport& report) {
  std::string out;
  for (const SweepTable& table : report.tables) {
    out += "\n" + table_title(table) + "\n";
    std::vector<std::vector<std::string>> rows = {{"variant"}};
    for (const SweepColumn& column : table.columns) rows[0].push_back(head_text(column));
    for (const SweepRow& row : table.rows) {
      if (row.published) continue;
      rows.push_back({printable(row.name)});
      for (size_t c = 0; c < table.columns.size(); ++c) {
        const SweepCell& cell = row.cells[c];
        rows.back().push_back(cell.value ? sweep_number(table.columns[c].unit, *cell.value) +
                                               mark(table.columns[c], cell)
                                         : "-");
      }
    }
    std::vector<size_t> widths(rows[0].size());
    const auto width = [](const std::string& text) {
      return static_cast<size_t>(
          std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    };
    for (const auto& row : rows) {
      for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
    }
    for (const auto& row : rows) {
      for (size_t c = 0; c < row.size(); ++c) {
        const std::string blanks(widths[c] - width(row[c]), ' ');
        out += c == 0 ? row[c] + blanks : "  " + blanks + row[c];
      }
      out += "\n";
    }
    const Reasons reasons(table);
    for (const auto& [variant, reason] : reasons.all()) {
      out += "  -: " + printable(variant) + ": " + printable(reason) + "\n";
    }
  }
  return out;
}

std::vector<std::filesystem::path> write_sweep_report(FileSystem& files, const SweepReport& report,
                                                      const std::filesystem::path& folder) {
  const std::vector<std::pair<std::filesystem::path, std::string>> made = {
      {folder / "report.html", sweep_html(report)},
      {folder / "report.md", sweep_markdown(report)},
      {folder / "report.json", dump_json(sweep_json(report), 1) + "\n"}};
  return write_formats(files, folder, made);
}

}  // namespace vigor::reports
