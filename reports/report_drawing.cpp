#include "reports/report_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reports/page.h"
#include "reports/svg.h"

namespace vigor::reports {
namespace {

// Ticks of 1, 2 or 5 times a power of ten: about five of them over `span`.
double tick_step(double span) {
  const double raw = span / 5;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (raw <= step * power) return step * power;
  }
  return 10 * power;
}

const char* verdict_class(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter:
      return "better";
    case Verdict::kWorse:
      return "worse";
    default:
      return "unclear";
  }
}

std::string mark(double x, double y, Verdict verdict) {
  const std::string style = fmt::format("v-{} dot", verdict_class(verdict));
  if (verdict == Verdict::kBetter || verdict == Verdict::kWorse) {
    const double up = verdict == Verdict::kBetter ? 1 : -1;
    return fmt::format(
        "<polygon points=\"{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}\" class=\"{}\"/>", x,
        y - 7 * up, x - 6.5, y + 5 * up, x + 6.5, y + 5 * up, style);
  }
  return svg::circle(x, y, 5, style);
}

std::string whisker(double low, double high, double y, double cap) {
  return svg::line(low, y, high, y, "whisker") + svg::line(low, y - cap, low, y + cap, "whisker") +
         svg::line(high, y - cap, high, y + cap, "whisker");
}

}  // namespace

std::string draw_forest(const std::string& title, const std::vector<ForestRow>& rows,
                        const std::string& unit) {
  constexpr double kWidth = 820, kLeft = 190, kRight = 560, kRow = 24, kHeading = 28;
  double reach = 0;
  for (const ForestRow& row : rows) {
    for (const auto& value : {std::optional(row.difference), row.low, row.high}) {
      if (value && std::isfinite(*value)) reach = std::max(reach, std::abs(*value));
    }
  }
  if (!(reach > 0)) reach = 1;
  reach *= 1.05;
  const auto px = [&](double value) {
    return (kLeft + kRight) / 2 + (kRight - kLeft) / 2 * std::clamp(value / reach, -1.0, 1.0);
  };
  double height = 6;
  for (const ForestRow& row : rows) height += kRow + (row.heading.empty() ? 0 : kHeading);
  std::string out = svg::open(title, kWidth, height + 38, "drawing forest");
  const double step = tick_step(2 * reach);
  for (double tick = -std::floor(reach / step) * step; tick <= reach; tick += step) {
    const double value = std::abs(tick) < step / 1e6 ? 0 : tick;
    out += svg::line(px(value), 4, px(value), height, value == 0 ? "zero" : "grid");
    out += svg::text(px(value), height + 15, "tick mid",
                     value == 0 ? "0" : fmt::format("{:+g}", value));
  }
  out += svg::text(px(0), height + 32, "tick mid", "difference, " + unit);
  double y = 6;
  for (const ForestRow& row : rows) {
    if (!row.heading.empty()) {
      y += kHeading;
      out += svg::text(0, y - 8, "head", row.heading);
    }
    const double middle = y + kRow / 2;
    out += "<g><title>" +
           html_text(row.label + ": " + row.text + ", " + verdict_name(row.verdict)) + "</title>";
    out += svg::text(12, middle + 4, "label", svg::short_label(row.label, 24));
    if (row.low && row.high) out += whisker(px(*row.low), px(*row.high), middle, 4);
    out += mark(px(row.difference), middle, row.verdict);
    out += svg::text(kRight + 14, middle + 4, std::string("ink-") + verdict_class(row.verdict),
                     row.text);
    out += "</g>";
    y += kRow;
  }
  return out + "</svg>";
}

std::string draw_dots(const std::string& title, const std::vector<DotRow>& rows, double lowest,
                      double highest) {
  constexpr double kWidth = 820, kLeft = 190, kRight = 790, kLane = 13, kMost = 60;
  size_t lanes = 1;
  for (const DotRow& row : rows) lanes = std::max(lanes, row.dots.size());
  const bool own_lane = lanes * rows.size() <= kMost;
  const double row_height = own_lane ? 12 + kLane * static_cast<double>(lanes) : 28;
  const double height = 6 + row_height * static_cast<double>(rows.size());
  if (!(highest > lowest)) highest = lowest + 1;
  const auto px = [&](double value) {
    return kLeft + (kRight - kLeft) * std::clamp((value - lowest) / (highest - lowest), 0.0, 1.0);
  };
  std::string out = svg::open(title, kWidth, height + 20, "drawing dots");
  for (size_t i = 1; i < rows.size(); i += 2) {
    out += fmt::format(
        "<rect x=\"0\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.1f}\" class=\"band\"/>",
        6 + row_height * static_cast<double>(i), kWidth, row_height);
  }
  const double step = tick_step(highest - lowest);
  for (double tick = std::ceil(lowest / step - 1e-9) * step; tick <= highest + step / 1e6;
       tick += step) {
    const double value = std::abs(tick) < step / 1e6 ? 0 : tick;
    out += svg::line(px(value), 4, px(value), height, "grid");
    out += svg::text(px(value), height + 15, "tick mid", fmt::format("{:g}", value));
  }
  double y = 6;
  for (const DotRow& row : rows) {
    out +=
        svg::text(kLeft - 14, y + row_height / 2 + 4, "label end", svg::short_label(row.label, 24));
    for (size_t i = 0; i < row.dots.size(); ++i) {
      const DotRow::Dot& dot = row.dots[i];
      const double middle = own_lane ? y + row_height / 2 +
                                           kLane * (static_cast<double>(i) -
                                                    (static_cast<double>(row.dots.size()) - 1) / 2)
                                     : y + row_height / 2;
      out += "<g><title>" + html_text(dot.letter + " " + row.label + ": " + dot.text) + "</title>";
      if (own_lane && dot.low && dot.high) out += whisker(px(*dot.low), px(*dot.high), middle, 3);
      out += svg::circle(px(dot.value), middle, own_lane ? 5.5 : 7,
                         fmt::format("fill-{} dot", dot.subject % 6));
      // The letter stands beside the dot where there is a lane, so that colour is never alone.
      const double beside = dot.high && own_lane ? px(*dot.high) + 9 : px(dot.value) + 11;
      if (own_lane) out += svg::text(beside, middle + 3.5, "letters mid", dot.letter);
      out += "</g>";
    }
    if (!own_lane) {
      for (const DotRow::Dot& dot : row.dots) {
        out += svg::text(px(dot.value), y + row_height / 2 - 9, "letters mid", dot.letter);
      }
    }
    y += row_height;
  }
  return out + "</svg>";
}

std::string draw_radar(const std::string& title, const std::vector<std::string>& axes,
                       const std::vector<RadarShape>& shapes, double highest) {
  constexpr double kWidth = 560, kHeight = 380, kMiddle = kWidth / 2, kCentre = kHeight / 2,
                   kRadius = 150;
  if (axes.size() < 3) return "";
  const auto point = [&](size_t axis, double value) {
    const double angle =
        2 * std::numbers::pi * static_cast<double>(axis) / static_cast<double>(axes.size()) -
        std::numbers::pi / 2;
    const double radius = kRadius * std::clamp(value / highest, 0.0, 1.0);
    return std::pair(kMiddle + radius * std::cos(angle), kCentre + radius * std::sin(angle));
  };
  std::string out = svg::open(title, kWidth, kHeight, "drawing radar");
  for (const double ring : {0.25, 0.5, 0.75, 1.0}) {
    std::string points;
    for (size_t i = 0; i < axes.size(); ++i) {
      const auto [x, y] = point(i, ring * highest);
      points += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", x, y);
    }
    out += "<polygon points=\"" + points + "\" class=\"web\"/>";
    if (ring == 1) continue;  // there stands the first axis' name
    out += svg::text(kMiddle + 3, kCentre - kRadius * ring - 2, "tick",
                     fmt::format("{:g}", ring * highest));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto [x, y] = point(i, highest);
    out += svg::line(kMiddle, kCentre, x, y, "web");
    const auto [tx, ty] = point(i, highest);
    const double outwards = 1 + 14 / kRadius;
    const double lx = kMiddle + (tx - kMiddle) * outwards, ly = kCentre + (ty - kCentre) * outwards;
    const char* anchor = std::abs(lx - kMiddle) < 8 ? "tick mid"
                         : lx < kMiddle             ? "tick end"
                                                    : "tick";
    out += svg::text(lx, ly + 4, anchor, svg::short_label(axes[i], 22));
  }
  for (const RadarShape& shape : shapes) {
    std::string points;
    bool whole = shape.values.size() == axes.size();
    for (size_t i = 0; i < shape.values.size() && i < axes.size(); ++i) {
      if (!shape.values[i]) {
        whole = false;
        continue;
      }
      const auto [x, y] = point(i, *shape.values[i]);
      points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", x, y);
      out += svg::circle(x, y, 3, fmt::format("fill-{}", shape.subject % 6));
    }
    if (whole) {
      out += fmt::format(
          "<polygon points=\"{}\" class=\"shape fill-{} stroke-{}\"><title>{}</title></polygon>",
          points, shape.subject % 6, shape.subject % 6, html_text(shape.letter));
    }
  }
  return out + "</svg>";
}

}  // namespace vigor::reports
