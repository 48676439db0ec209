#include "reports/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/page.h"
#include "reports/svg.h"

namespace vigor::reports {
namespace {

using svg::line;
using svg::open;
using svg::short_label;
using svg::text;

// One unit of the drawings is one CSS pixel at their natural size.
constexpr double kWidth = 360;
constexpr double kLeft = 116;   // where the axis starts; labels stand before it
constexpr double kRight = 300;  // where the axis ends; numbers stand behind it

double on_axis(double fraction) {
  return kLeft + (kRight - kLeft) * std::clamp(fraction, 0.0, 1.0);
}

// Grid lines and their numbers; the drawing above them is `height` high.
std::string axis(double height, const Scale& scale = {}) {
  std::string out;
  for (const double tick : scale.ticks) {
    const double x = on_axis(tick / scale.highest);
    out += line(x, 4, x, height, "grid");
    out += text(x, height + 14, "tick mid", fmt::format("{:g}", tick));
  }
  return out;
}

// Drawn twice: the wide pass in the paper's colour lifts it off the bar.
std::string whisker(const Figure& figure, double y) {
  if (!figure.low || !figure.high) return "";
  const double low = on_axis(*figure.low), high = on_axis(*figure.high);
  std::string out;
  for (const char* style : {"halo", "whisker"}) {
    out += line(low, y, high, y, style) + line(low, y - 4, low, y + 4, style) +
           line(high, y - 4, high, y + 4, style);
  }
  return out;
}

std::string describe(const Figure& figure) {
  if (!figure.value) return figure.reason.empty() ? "not computed" : figure.reason;
  const std::string interval = interval_text(figure);
  return percent(figure.value, 2) + (interval.empty() ? "" : ", 95 % interval " + interval);
}

std::string describe(const Figure& figure, const Scale& scale) {
  if (scale.highest == 100 || !figure.value) return describe(figure);
  std::string out = fmt::format("{:.{}f}", *figure.value * scale.highest, scale.decimals);
  if (figure.low && figure.high) {
    out += fmt::format(", 95 % interval {:.{}f} to {:.{}f}", *figure.low * scale.highest,
                       scale.decimals, *figure.high * scale.highest, scale.decimals);
  }
  return out;
}

}  // namespace

std::string draw_bars(const std::string& title, const std::vector<Bar>& bars,
                      std::optional<double> reference, const Scale& scale) {
  constexpr double kBar = 14, kGap = 5, kGroupGap = 8;
  double height = 6;
  for (const Bar& bar : bars) height += kBar + kGap + (bar.label.empty() ? 0 : kGroupGap);
  std::string out = open(title, kWidth, height + 20, "drawing bars");
  out += axis(height, scale);
  double y = 6;
  for (const Bar& bar : bars) {
    if (!bar.label.empty() && &bar != &bars.front()) y += kGroupGap;
    const double middle = y + kBar / 2;
    out += "<g><title>" + html_text(bar.label + " " + describe(bar.figure, scale)) + "</title>";
    if (!bar.label.empty())
      out += text(kLeft - 10, middle + 4, "label end", short_label(bar.label));
    if (bar.figure.value) {
      out += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"2\" "
          "class=\"fill-{}\"/>",
          kLeft, y, on_axis(*bar.figure.value) - kLeft, kBar, bar.series % 6);
      out += whisker(bar.figure, middle);
      out += text(kRight + 10, middle + 4, "number",
                  fmt::format("{:.{}f}", *bar.figure.value * scale.highest, scale.decimals));
    } else {
      out += text(kLeft + 6, middle + 4, "tick", "not computed");
    }
    out += "</g>";
    y += kBar + kGap;
  }
  if (reference) out += line(on_axis(*reference), 2, on_axis(*reference), height, "reference");
  return out + "</svg>";
}

std::string draw_confusion(const std::string& title, int64_t tp, int64_t fp, int64_t tn,
                           int64_t fn) {
  constexpr double kCellWidth = 112, kCellHeight = 58, kX = 76, kY = 26;
  std::string out =
      open(title, kX + 2 * kCellWidth + 4, kY + 2 * kCellHeight + 4, "drawing confusion");
  out += text(kX + kCellWidth * 0.5, 16, "label mid", "said yes");
  out += text(kX + kCellWidth * 1.5, 16, "label mid", "said no");
  out += text(kX - 10, kY + kCellHeight * 0.5 + 4, "label end", "is there");
  out += text(kX - 10, kY + kCellHeight * 1.5 + 4, "label end", "is absent");
  struct Cell {
    int64_t number, row_total;
    int column, row;
    bool right;
    const char* what;
  };
  for (const Cell& cell :
       {Cell{tp, tp + fn, 0, 0, true, "found"}, Cell{fn, tp + fn, 1, 0, false, "missed"},
        Cell{fp, fp + tn, 0, 1, false, "hallucinated"},
        Cell{tn, fp + tn, 1, 1, true, "rejected"}}) {
    const double share =
        cell.row_total > 0 ? static_cast<double>(cell.number) / static_cast<double>(cell.row_total)
                           : 0;
    const double x = kX + cell.column * kCellWidth, y = kY + cell.row * kCellHeight;
    out += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"4\" class=\"{}\" "
        "fill-opacity=\"{:.3f}\"/>",
        x + 1.5, y + 1.5, kCellWidth - 3, kCellHeight - 3, cell.right ? "right" : "wrong",
        0.10 + 0.45 * share);
    out += text(x + kCellWidth / 2, y + 26, "count mid", std::to_string(cell.number));
    out += text(x + kCellWidth / 2, y + 43, "cell mid",
                fmt::format("{} {:.0f} %", cell.what, share * 100));
  }
  return out + "</svg>";
}

std::string draw_lean(const std::string& title, const std::vector<Lean>& leans) {
  constexpr double kRow = 26;
  const double height = 6 + kRow * static_cast<double>(leans.size());
  std::string out = open(title, kWidth, height + 20, "drawing lean");
  out += axis(height);
  double y = 6 + kRow / 2;
  for (const Lean& lean : leans) {
    out += "<g><title>" +
           html_text(lean.label + " says yes " + describe(lean.said) + ", right would be " +
                     percent(lean.truth)) +
           "</title>";
    out += text(kLeft - 10, y + 4, "label end", short_label(lean.label));
    if (lean.said.value) {
      const double said = on_axis(*lean.said.value);
      if (lean.truth) out += line(on_axis(*lean.truth), y, said, y, "pull");
      out += whisker(lean.said, y);
      out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5.5\" class=\"fill-{} dot\"/>",
                         said, y, lean.series % 6);
      out += text(kRight + 10, y + 4, "number",
                  lean.truth ? fmt::format("{:+.1f}", (*lean.said.value - *lean.truth) * 100)
                             : fmt::format("{:.1f}", *lean.said.value * 100));
    } else {
      out += text(kLeft + 6, y + 4, "tick", "not computed");
    }
    if (lean.truth) out += line(on_axis(*lean.truth), y - 9, on_axis(*lean.truth), y + 9, "truth");
    out += "</g>";
    y += kRow;
  }
  return out + "</svg>";
}

std::string draw_reliability(const std::string& title,
                             const std::vector<ReliabilityCurve>& curves) {
  constexpr double kSize = 220, kX = 40, kY = 8;
  const auto px = [](double v) { return kX + kSize * std::clamp(v, 0.0, 1.0); };
  const auto py = [](double v) { return kY + kSize * (1 - std::clamp(v, 0.0, 1.0)); };
  std::string out = open(title, kX + kSize + 12, kY + kSize + 40, "drawing reliability");
  for (const int tick : {0, 25, 50, 75, 100}) {
    const double v = tick / 100.0;
    out += line(px(v), py(0), px(v), py(1), "grid") + line(px(0), py(v), px(1), py(v), "grid");
    out += text(px(v), py(0) + 15, "tick mid", std::to_string(tick));
    out += text(px(0) - 6, py(v) + 4, "tick end", std::to_string(tick));
  }
  out += text(px(0.5), py(0) + 33, "label mid", "stated probability of yes, %");
  out += line(px(0), py(0), px(1), py(1), "reference");
  int64_t most = 1;
  for (const auto& curve : curves) {
    for (const auto& point : curve.points) most = std::max(most, point.count);
  }
  for (const auto& curve : curves) {
    std::string path;
    for (const auto& point : curve.points) {
      if (point.count == 0) continue;
      path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", px(point.probability),
                          py(point.share));
    }
    out +=
        fmt::format("<polyline points=\"{}\" class=\"curve stroke-{}\"/>", path, curve.series % 6);
    for (const auto& point : curve.points) {
      if (point.count == 0) continue;
      const double radius =
          2.5 + 5 * std::sqrt(static_cast<double>(point.count) / static_cast<double>(most));
      out += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" class=\"fill-{} dot\"><title>{}"
          "</title></circle>",
          px(point.probability), py(point.share), radius, curve.series % 6,
          html_text(fmt::format("{}: {} answers, stated {:.1f} %, yes was right for {:.1f} %",
                                curve.label, point.count, point.probability * 100,
                                point.share * 100)));
    }
  }
  return out + "</svg>";
}

std::string draw_parts(const std::string& title, const std::vector<Part>& parts) {
  constexpr double kLength = 640, kHeight = 18;
  double sum = 0;
  for (const Part& part : parts) sum += std::max(part.amount, 0.0);
  std::string out = open(title, kLength, kHeight, "drawing parts");
  // The bar fills the column: its pieces may be stretched, there is no text in it.
  out.insert(4, " preserveAspectRatio=\"none\"");
  double x = 0;
  for (const Part& part : parts) {
    if (!(part.amount > 0) || !(sum > 0)) continue;
    const double width = kLength * part.amount / sum;
    out += fmt::format(
        "<rect x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"{:.0f}\" class=\"{}\"><title>{}"
        "</title></rect>",
        x, std::max(width - 1.5, 0.5), kHeight, part.style,
        html_text(fmt::format("{}: {:.1f} %", part.label, part.amount / sum * 100)));
    x += width;
  }
  return out + "</svg>";
}

}  // namespace vigor::reports
