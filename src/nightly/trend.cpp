#include "nightly/trend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "reports/assets.h"
#include "reports/html_parts.h"
#include "reports/page.h"
#include "reports/report_drawing.h"

namespace vigor::nightly {
namespace {

using reports::bdi;
using reports::html_text;

// A figure of one job over all nights.
struct Point {
  const Night* night = nullptr;
  const NightFigure* figure = nullptr;  // null when that night has none
  const NightRule* rule = nullptr;      // against the accepted night; null without one
};
struct Series {
  std::string job, key, title, unit;
  bool gated = false;
  std::vector<Point> points;  // parallel to the nights
};

// Drawn in the figure's unit for people: percent for shares.
double scale(const Series& series) {
  return series.unit == "share" ? 100 : 1;
}

std::string number(const Series& series, double value) {
  const int decimals = series.unit == "points" ? 1 : 2;
  return fmt::format("{:.{}f}{}", value * scale(series), decimals,
                     series.unit == "share" ? " %" : "");
}

std::vector<Series> series_of(const std::vector<Night>& nights) {
  std::vector<Series> all;
  std::set<std::pair<std::string, std::string>> known;
  for (auto night = nights.rbegin(); night != nights.rend(); ++night) {
    for (const NightJob& job : night->jobs) {
      const auto gated = [&](const std::string& key) {
        return std::any_of(job.rules.begin(), job.rules.end(),
                           [&](const NightRule& rule) { return rule.metric == key; });
      };
      for (const NightFigure& figure : job.figures) {
        if (!figure.headline && !gated(figure.key)) continue;
        if (!known.insert({job.name, figure.key}).second) continue;
        all.push_back({job.name, figure.key, figure.title, figure.unit, gated(figure.key), {}});
      }
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Series& a, const Series& b) {
    return a.gated != b.gated ? a.gated : a.job < b.job;
  });
  for (Series& series : all) {
    for (const Night& night : nights) {
      Point point{&night, nullptr, nullptr};
      if (const NightJob* job = night.job(series.job); job != nullptr) {
        for (const NightFigure& figure : job->figures) {
          if (figure.key == series.key) point.figure = &figure;
        }
        for (const NightRule& rule : job->rules) {
          if (rule.metric == series.key && rule.against == "accepted") point.rule = &rule;
        }
      }
      series.points.push_back(point);
    }
  }
  return all;
}

// What the gate would not let the figure cross on that night: on one side, or where the figure must
// stay on both.
std::vector<double> gate_lines(const Point& point) {
  if (point.rule == nullptr || !point.rule->base) return {};
  const double base = *point.rule->base, allowed = point.rule->allowed_drop;
  if (point.rule->sign == 0) return {base - allowed, base + allowed};
  return {base + point.rule->sign * allowed};
}

struct Plane {
  static constexpr double kWidth = 860, kHeight = 220, kLeft = 64, kRight = 820, kTop = 12,
                          kBottom = 186;
  size_t count = 1;
  double low = 0, high = 1;

  double x(size_t index) const {
    if (count < 2) return (kLeft + kRight) / 2;
    return kLeft + 10 +
           (kRight - kLeft - 20) * static_cast<double>(index) / static_cast<double>(count - 1);
  }
  double y(double value) const { return kBottom - (kBottom - kTop) * (value - low) / (high - low); }
};

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>",
                     x1, y1, x2, y2, style);
}

// Round numbers, about five of them, over the range.
std::vector<double> ticks(double low, double high) {
  const double rough = (high - low) / 4;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : 5);
  std::vector<double> out;
  for (double at = std::ceil(low / step) * step; at <= high + step * 1e-9; at += step) {
    out.push_back(at);
  }
  return out;
}

Plane plane_of(const Series& series) {
  Plane plane;
  plane.count = series.points.size();
  double low = INFINITY, high = -INFINITY;
  const auto see = [&](const std::optional<double>& value) {
    if (!value) return;
    low = std::min(low, *value);
    high = std::max(high, *value);
  };
  for (const Point& point : series.points) {
    if (point.figure != nullptr) {
      see(point.figure->value);
      see(point.figure->low);
      see(point.figure->high);
    }
    for (const double gate : gate_lines(point)) see(gate);
  }
  if (!(low <= high)) return plane;
  const double room = std::max((high - low) * 0.08, 1e-6);
  plane.low = low - room;
  plane.high = high + room;
  return plane;
}

// The outcome is a shape as well as a colour; a night that was not accepted is hollow.
std::string mark(const Point& point, double x, double y) {
  const char* fill = point.night->accepted ? "" : " fill-opacity=\"0.15\"";
  switch (point.night->outcome) {
    case Outcome::kRegression:
      return fmt::format(
          "<path d=\"M{:.1f} {:.1f}l7 -12h-14z\" class=\"fill-failed outcome wrong-line\"{}/>", x,
          y + 7, fill);
    case Outcome::kInconclusive:
      return fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"9\" height=\"9\" class=\"fill-unparsed outcome "
          "open-line\"{}/>",
          x - 4.5, y - 4.5, fill);
    case Outcome::kError:
      return fmt::format("<path d=\"M{0:.1f} {1:.1f}l10 10m0 -10l-10 10\" class=\"outcome\"/>",
                         x - 5, y - 5);
    default:
      return fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" class=\"fill-scored outcome "
          "right-line\"{}/>",
          x, y, fill);
  }
}

std::string point_text(const Series& series, const Point& point) {
  std::string out = point.night->id + ": ";
  if (point.figure == nullptr) return out + "no run";
  out += point.figure->value ? number(series, *point.figure->value) : point.figure->reason;
  if (point.figure->low && point.figure->high) {
    out += ", 95 % interval " + number(series, *point.figure->low) + " to " +
           number(series, *point.figure->high);
  }
  out += std::string("; night: ") + outcome_name(point.night->outcome) +
         (point.night->accepted ? ", accepted" : "");
  return out;
}

std::string draw(const Series& series) {
  const Plane plane = plane_of(series);
  std::string out = fmt::format(
      "<svg class=\"drawing trend\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" role=\"img\" aria-label=\"{2}\">",
      Plane::kWidth, Plane::kHeight, html_text(series.title + " of all nights"));
  const double factor = scale(series);
  for (const double tick : ticks(plane.low * factor, plane.high * factor)) {
    const double y = plane.y(tick / factor);
    out += line(Plane::kLeft, y, Plane::kRight, y, "grid");
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"tick end\">{:g}</text>",
                       Plane::kLeft - 8, y + 4, std::round(tick * 1e6) / 1e6);
  }
  // About ten names along the axis, the first and the last among them.
  const size_t every = std::max<size_t>(1, (plane.count + 8) / 9);
  for (size_t i = 0; i < plane.count; ++i) {
    if ((plane.count - 1 - i) % every != 0) continue;
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"tick mid\">{}</text>", plane.x(i),
                       Plane::kBottom + 20, html_text(series.points[i].night->id));
  }
  const double half = plane.count < 2 ? 20 : (plane.x(1) - plane.x(0)) / 2;
  std::string path;
  for (size_t i = 0; i < plane.count; ++i) {
    const Point& point = series.points[i];
    for (const double gate : gate_lines(point)) {
      out += line(std::max(plane.x(i) - half, Plane::kLeft), plane.y(gate),
                  std::min(plane.x(i) + half, Plane::kRight), plane.y(gate), "reference");
    }
    if (point.figure == nullptr || !point.figure->value) continue;
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", plane.x(i),
                        plane.y(*point.figure->value));
  }
  out += "<polyline points=\"" + path + "\" class=\"curve stroke-0\"/>";
  for (size_t i = 0; i < plane.count; ++i) {
    const Point& point = series.points[i];
    // A night whose command failed has no figure, and is there all the same.
    const bool has_value = point.figure != nullptr && point.figure->value;
    if (point.figure == nullptr && point.night->outcome != Outcome::kError) continue;
    out += "<g><title>" + html_text(point_text(series, point)) + "</title>";
    const double x = plane.x(i);
    if (has_value && point.figure->low && point.figure->high) {
      out += line(x, plane.y(*point.figure->low), x, plane.y(*point.figure->high), "whisker");
    }
    out += mark(point, x, has_value ? plane.y(*point.figure->value) : Plane::kBottom - 8);
    out += "</g>";
  }
  return out + "</svg>";
}

std::string table(const std::vector<Night>& nights, const std::vector<Series>& all) {
  std::string out =
      "<section>\n<h2>Nights</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Nights\"><table>\n<thead><tr><th scope=\"col\">Night</th><th "
      "scope=\"col\">Outcome</th><th scope=\"col\">Why</th>";
  for (const Series& series : all)
    out += "<th scope=\"col\" class=\"n\">" + bdi(series.title) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (size_t i = nights.size(); i-- > 0;) {
    const Night& night = nights[i];
    std::string why;
    for (const NightJob& job : night.jobs) {
      if (!job.error.empty()) why += (why.empty() ? "" : "; ") + job.name + ": " + job.error;
      for (const NightRule& rule : job.rules) {
        if (rule.outcome == reports::GateOutcome::kPass) continue;
        why += (why.empty() ? "" : "; ") + job.name + " against " + rule.against + ": " +
               rule.sentence;
      }
    }
    out += "<tr><th scope=\"row\">" + bdi(night.id) + "</th><td>" + outcome_name(night.outcome) +
           (night.accepted ? night.by_hand ? ", accepted by hand" : ", accepted" : "") +
           "</td><td class=\"rule\">" + bdi(why) + "</td>";
    for (const Series& series : all) {
      const NightFigure* figure = series.points[i].figure;
      out +=
          "<td class=\"n\">" +
          (figure != nullptr && figure->value ? number(series, *figure->value) : std::string("-")) +
          "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n</section>\n";
}

}  // namespace

std::string trend_html(const std::vector<Night>& nights) {
  const std::vector<Series> all = series_of(nights);
  std::string body = "<main>\n<header>\n<p class=\"kicker\">vigor-eval nightly</p>\n<h1>";
  if (nights.empty()) {
    body += "No night has ended yet";
  } else {
    const Night& last = nights.back();
    const Night* accepted = last_accepted(nights);
    body += bdi("Night " + last.id + ": " + outcome_name(last.outcome)) +
            "</h1>\n<p class=\"lead\">" + fmt::format("{} nights. ", nights.size()) +
            (accepted == nullptr ? std::string("None was accepted.")
                                 : "The last accepted one is " + bdi(accepted->id) + ".") +
            "</p>";
  }
  body += std::string(nights.empty() ? "</h1>" : "") +
          "\n</header>\n<p class=\"note\">Whiskers are 95 % intervals by image; the dashed line "
          "is where the gate stands: the last accepted night's figure and what is allowed. "
          "\xE2\x97\x8F "
          "pass, \xE2\x96\xBC regression, \xE2\x96\xA0 inconclusive, \xC3\x97 error; hollow: not "
          "accepted.</p>\n";
  for (const Series& series : all) {
    body += "<section>\n<h2>" + bdi(series.job + ": " + series.title) + "</h2>\n" +
            reports::wide_figure(series.title + " of all nights", draw(series)) + "</section>\n";
  }
  body += table(nights, all) + reports::page_footer() + "</main>\n";
  reports::Page page;
  page.title = "Nights" + (nights.empty() ? std::string() : " to " + nights.back().id);
  page.body = std::move(body);
  page.data = Json::object();
  return reports::render_page(
      page, std::string(reports::assets::kReportCss) + std::string(reports::assets::kRunsCss), "");
}

}  // namespace vigor::nightly
