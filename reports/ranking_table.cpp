#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "reports/ranking_report.h"

namespace vigor::reports {
namespace {

constexpr const char* kColumns[] = {"HL", "CA", "AA", "RA", "RL", "RS", "DL", "average"};

// Room for "-1.67..-1.15".
constexpr size_t kColumnWidth = 14;

std::string share(const Json& block, const char* key) {
  if (!block.is_object() || !block.contains(key) || !block[key].is_number()) return "-";
  return fmt::format("{:.1f} %", block[key].get<double>() * 100);
}

std::string number(const Json& block, const char* key) {
  if (!block.is_object() || !block.contains(key) || !block[key].is_number()) return "-";
  return fmt::format("{:.2f}", block[key].get<double>());
}

// Columns of a terminal that the text takes, for names in any script.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string ranking_table_text(const Json& metrics) {
  size_t widest = 6;
  for (const Json& name : metrics["candidates"]) {
    widest = std::max(widest, width(printable(name.get<std::string>())));
  }
  const auto padded = [&](const std::string& text) {
    return text + std::string(widest - std::min(widest, width(text)), ' ');
  };
  std::string out = padded("model");
  for (const char* column : kColumns) out += fmt::format("{:>{}}", column, kColumnWidth);
  out += "\n";
  for (const Json& name : metrics["candidates"]) {
    const std::string model = name.get<std::string>();
    const Json& block = metrics["models"][model];
    out += padded(printable(model));
    for (const char* column : kColumns) {
      out += fmt::format("{:>{}}", number(block, column), kColumnWidth);
    }
    out += "\n" + padded("");
    const Json intervals = block.value("ci95", Json());
    for (const char* column : kColumns) {
      const Json one = intervals.is_object() ? intervals.value(column, Json()) : Json();
      out += one.is_array() ? fmt::format("{:>{}}",
                                          fmt::format("{:.2f}..{:.2f}", one[0].get<double>(),
                                                      one[1].get<double>()),
                                          kColumnWidth)
                            : std::string(kColumnWidth, ' ');
    }
    while (out.ends_with(' ')) out.pop_back();
    out += out.ends_with('\n') ? "" : "\n";
  }
  out += metrics["lower_is_better"] == true
             ? "mean rank, 1 is best; below it the 95 % interval\n"
             : "log strength (Bradley-Terry), higher is better; below it the 95 % interval\n";
  const Json& counts = metrics["counts"];
  out += fmt::format("{} images, {} calls: {} scored ({} in part), {} unjudged, {} failed\n",
                     metrics["images"].get<int64_t>(), metrics["calls"].get<int64_t>(),
                     counts["scored"].get<int64_t>(), metrics["partial"].get<int64_t>(),
                     counts["unjudged"].get<int64_t>(), counts["failed"].get<int64_t>());
  const Json &orders = metrics["orders"], &repeats = metrics["repeats"],
             &canaries = metrics["canaries"];
  if (orders.is_object()) {
    out += fmt::format("between orders: {} of the pairs reversed, Kendall's W {}\n",
                       share(orders, "reversed"), number(orders, "kendalls_w"));
  }
  if (repeats.is_object()) {
    out += fmt::format("asked again: {} of the pairs reversed, Kendall's W {}\n",
                       share(repeats, "reversed"), number(repeats, "kendalls_w"));
  }
  if (canaries.is_object()) {
    out += fmt::format("canaries: first in {} of {} rankings{}\n", share(canaries, "first_share"),
                       canaries["rankings"].get<int64_t>(),
                       canaries.contains("chance")
                           ? ", by drawing lots in " + share(canaries, "chance")
                           : std::string());
  }
  for (const Json& warning : metrics["warnings"]) {
    out += "warning: " + printable(warning.get<std::string>()) + "\n";
  }
  if (metrics.contains("reason")) {
    out += "no scores: " + printable(metrics["reason"].get<std::string>()) + "\n";
  }
  return out;
}

}  // namespace vigor::reports
