#include <fmt/format.h>

#include <algorithm>

#include "reports/pope_report.h"
#include "reports/pope_run.h"

namespace vigor::reports {
namespace {

constexpr const char* kKeys[] = {"accuracy", "precision", "recall", "f1", "yes_ratio"};
constexpr const char* kHeads[] = {"accuracy", "precision", "recall", "F1", "yes ratio"};

std::string table_cell(const Figure& figure) {
  return figure.value ? fmt::format("{:.2f} %", *figure.value * 100) : "-";
}

std::string interval_cell(const Figure& figure) {
  return figure.low && figure.high
             ? fmt::format("{:.1f}..{:.1f}", *figure.low * 100, *figure.high * 100)
             : "";
}

void block_lines(std::string& out, const std::string& name, const Json& block, size_t width) {
  out += fmt::format("{:<{}}", printable(name), width);
  for (const char* key : kKeys) out += fmt::format("  {:>11}", table_cell(figure(block, key)));
  out += "\n";
  std::string intervals;
  bool any = false;
  for (const char* key : kKeys) {
    const std::string text = interval_cell(figure(block, key));
    any = any || !text.empty();
    intervals += fmt::format("  {:>11}", text);
  }
  if (any) out += fmt::format("{:<{}}{}\n", "  95 %", width, intervals);
}

}  // namespace

std::string pope_table_text(const Json& metrics) {
  const std::vector<std::string> splits = ordered_splits({&metrics});
  size_t width = 12;
  for (const std::string& split : splits) width = std::max(width, printable(split).size() + 1);
  std::string out = fmt::format("{:<{}}", "split", width);
  for (const char* head : kHeads) out += fmt::format("  {:>11}", head);
  out += "\n";
  for (const std::string& split : splits) {
    const Json& block = metrics.at("splits").at(split);
    block_lines(out, split, block, width);
  }
  if (splits.size() > 1) block_lines(out, "average", metrics.value("average", Json()), width);
  const Totals sum = totals(metrics);
  out += fmt::format("scored {}, unparsed {}, failed {}, unjudged {}\n", sum.scored, sum.unparsed,
                     sum.failed, sum.unjudged);
  for (const auto& [what, reason] : score_reasons(metrics)) {
    out += "not computed: " + printable(what) + ": " + printable(reason) + "\n";
  }
  if (metrics.contains("complete") && metrics["complete"] == false) {
    out += "NOT COMPLETE: these figures are not of all questions\n";
  }
  if (const auto warnings = metrics.find("warnings");
      warnings != metrics.end() && warnings->is_array()) {
    for (const Json& warning : *warnings) {
      if (warning.is_string()) out += "warning: " + printable(warning.get<std::string>()) + "\n";
    }
  }
  return out;
}

}  // namespace vigor::reports
