#include "scenes/pen.h"

#include <algorithm>
#include <cmath>

namespace vigor::scenes {
namespace {

// Points between `b` and `c` on the Catmull-Rom curve through a, b, c, d.
void append_curve(std::vector<Point>& out, Point a, Point b, Point c, Point d) {
  constexpr int kSteps = 6;
  for (int i = 0; i < kSteps; ++i) {
    const float t = static_cast<float>(i) / kSteps, t2 = t * t, t3 = t2 * t;
    const auto blend = [&](float p, float q, float r, float s) {
      return 0.5f * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t2 +
                     (3 * q - p - 3 * r + s) * t3);
    };
    out.push_back({blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y)});
  }
}

int segments_for(float radius_pixels) {
  return std::clamp(static_cast<int>(radius_pixels * 0.9f) + 8, 10, 48);
}

}  // namespace

Pen::Pen(Layer& layer, const Placement& placement)
    : layer_(layer), placement_(placement), axis_(direction(placement.turns)) {}

Point Pen::map(Point p) const {
  const float x = (placement_.mirrored ? -p.x : p.x) * placement_.scale;
  const float y = p.y * placement_.scale;
  return {placement_.centre.x + x * axis_.x - y * axis_.y,
          placement_.centre.y + x * axis_.y + y * axis_.x};
}

void Pen::polygon(std::initializer_list<Point> corners, const Ink& ink) {
  std::vector<Point> contour;
  contour.reserve(corners.size());
  for (const Point& p : corners) contour.push_back(map(p));
  layer_.fill({&contour, 1}, ink);
}

void Pen::blob(std::initializer_list<Point> points, const Ink& ink) {
  const std::vector<Point> p(points);
  const size_t n = p.size();
  std::vector<Point> contour;
  for (size_t i = 0; i < n; ++i) {
    append_curve(contour, p[(i + n - 1) % n], p[i], p[(i + 1) % n], p[(i + 2) % n]);
  }
  for (Point& q : contour) q = map(q);
  layer_.fill({&contour, 1}, ink);
}

void Pen::ellipse(float cx, float cy, float rx, float ry, const Ink& ink, float turns) {
  const int n = segments_for(std::max(rx, ry) * placement_.scale);
  const Point axis = direction(turns);
  std::vector<Point> contour(n);
  for (int i = 0; i < n; ++i) {
    const Point d = direction(static_cast<float>(i) / static_cast<float>(n));
    const float x = d.x * rx, y = d.y * ry;
    contour[i] = map({cx + x * axis.x - y * axis.y, cy + x * axis.y + y * axis.x});
  }
  layer_.fill({&contour, 1}, ink);
}

void Pen::box(float x0, float y0, float x1, float y1, const Ink& ink, float radius) {
  if (radius <= 0) {
    polygon({{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}, ink);
    return;
  }
  radius = std::min({radius, 0.5f * (x1 - x0), 0.5f * (y1 - y0)});
  std::vector<Point> contour;
  const Point corners[4] = {{x1 - radius, y1 - radius},
                            {x0 + radius, y1 - radius},
                            {x0 + radius, y0 + radius},
                            {x1 - radius, y0 + radius}};
  for (int corner = 0; corner < 4; ++corner) {
    for (int i = 0; i <= 4; ++i) {
      const Point d =
          direction(static_cast<float>(corner) * 0.25f + static_cast<float>(i) * 0.0625f);
      contour.push_back(map({corners[corner].x + d.x * radius, corners[corner].y + d.y * radius}));
    }
  }
  layer_.fill({&contour, 1}, ink);
}

void Pen::line(std::initializer_list<Point> points, float width, const Ink& ink, bool smooth) {
  const std::vector<Point> p(points);
  if (!smooth) {
    stroke(p, width, ink);
    return;
  }
  std::vector<Point> curve;
  for (size_t i = 0; i + 1 < p.size(); ++i) {
    append_curve(curve, p[i == 0 ? 0 : i - 1], p[i], p[i + 1], p[std::min(i + 2, p.size() - 1)]);
  }
  curve.push_back(p.back());
  stroke(curve, width, ink);
}

void Pen::arc(float cx, float cy, float rx, float ry, float from, float to, float width,
              const Ink& ink) {
  const int n = segments_for(std::max(rx, ry) * placement_.scale);
  std::vector<Point> points(n + 1);
  for (int i = 0; i <= n; ++i) {
    const Point d = direction(from + (to - from) * static_cast<float>(i) / static_cast<float>(n));
    points[i] = {cx + d.x * rx, cy + d.y * ry};
  }
  stroke(points, width, ink);
}

void Pen::stroke(const std::vector<Point>& points, float width, const Ink& ink) {
  // Thinner than a pixel would vanish when the picture is reduced.
  const float half = std::max(0.5f * width * placement_.scale, 0.55f);
  std::vector<std::vector<Point>> contours;
  for (size_t i = 0; i < points.size(); ++i) {
    const Point p = map(points[i]);
    std::vector<Point> joint(8);
    for (int k = 0; k < 8; ++k) {
      const Point d = direction(static_cast<float>(k) * 0.125f);
      joint[k] = {p.x + d.x * half, p.y + d.y * half};
    }
    contours.push_back(std::move(joint));
    if (i + 1 == points.size()) break;
    const Point q = map(points[i + 1]);
    const float dx = q.x - p.x, dy = q.y - p.y;
    const float length = std::sqrt(dx * dx + dy * dy);
    if (length < 1e-4f) continue;
    const float nx = -dy / length * half, ny = dx / length * half;
    contours.push_back(
        {{p.x + nx, p.y + ny}, {q.x + nx, q.y + ny}, {q.x - nx, q.y - ny}, {p.x - nx, p.y - ny}});
  }
  layer_.fill(contours, ink);
}

}  // namespace vigor::scenes
