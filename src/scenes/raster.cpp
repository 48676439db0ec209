#include "scenes/raster.h"

#include <algorithm>
#include <cmath>

namespace vigor::scenes {

Rgb mix(Rgb a, Rgb b, float t) {
  return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

Rgb scaled(Rgb c, float f) {
  return {std::min(255.0f, c.r * f), std::min(255.0f, c.g * f), std::min(255.0f, c.b * f)};
}

Point direction(float turns) {
  // Reduce to an eighth of a turn around a quarter, then Taylor: |x| <= pi/4.
  turns -= std::floor(turns);
  const int quarter = static_cast<int>(turns * 4.0f + 0.5f);
  const float x = (turns - static_cast<float>(quarter) * 0.25f) * 6.28318531f;
  const float x2 = x * x;
  const float s = x * (1.0f - x2 * (1.0f / 6 - x2 * (1.0f / 120 - x2 / 5040)));
  const float c = 1.0f - x2 * (0.5f - x2 * (1.0f / 24 - x2 * (1.0f / 720)));
  switch (quarter % 4) {
    case 0:
      return {c, s};
    case 1:
      return {-s, c};
    case 2:
      return {-c, -s};
    default:
      return {s, -c};
  }
}

Layer::Layer(int x0, int y0, int width, int height, Point light, uint32_t noise_key)
    : x0_(x0),
      y0_(y0),
      width_(width),
      height_(height),
      light_(light),
      noise_key_(noise_key),
      pixels_(static_cast<size_t>(width) * height),
      area_(static_cast<size_t>(width + 2) * height, 0.0f) {}

// Signed-area accumulation: each edge adds, to the pixels that it crosses, the share of the pixel
// to its right; a running sum along the row then gives the covered area of every pixel exactly.
void Layer::add_edge(Point p0, Point p1) {
  if (p0.y == p1.y) return;
  float sign = 1.0f;
  if (p0.y > p1.y) {
    std::swap(p0, p1);
    sign = -1.0f;
  }
  if (p1.y <= 0 || p0.y >= static_cast<float>(height_)) return;
  const float slope = (p1.x - p0.x) / (p1.y - p0.y);
  const float top = std::max(p0.y, 0.0f);
  const float bottom = std::min(p1.y, static_cast<float>(height_));
  float x = p0.x + (top - p0.y) * slope;
  const int last = std::min(height_, static_cast<int>(std::ceil(bottom)));
  const float right = static_cast<float>(width_);
  for (int y = static_cast<int>(top); y < last; ++y) {
    float* row = area_.data() + static_cast<size_t>(y) * (width_ + 2);
    const float dy =
        std::min(static_cast<float>(y + 1), bottom) - std::max(static_cast<float>(y), top);
    const float x_next = x + slope * dy;
    const float d = dy * sign;
    const float a = std::clamp(std::min(x, x_next), 0.0f, right);
    const float b = std::clamp(std::max(x, x_next), 0.0f, right);
    x = x_next;
    const int first = static_cast<int>(a);
    const int end = static_cast<int>(std::ceil(b));
    if (end <= first + 1) {
      const float middle = 0.5f * (a + b) - static_cast<float>(first);
      row[first] += d - d * middle;
      row[first + 1] += d * middle;
      continue;
    }
    // The edge crosses several pixels of this row: the covered area grows along them.
    const float per_x = 1.0f / (b - a);
    float before = 0.0f;  // area to the right of the edge in the pixels passed, as a running sum
    for (int i = first; i < end; ++i) {
      const float l = std::max(a, static_cast<float>(i));
      const float r = std::min(b, static_cast<float>(i + 1));
      const float seen_l = (l - a) * per_x;
      const float seen_r = (r - a) * per_x;
      // Mean of the share of the edge passed over this pixel, counting the part right of `r`.
      const float area =
          0.5f * (seen_l + seen_r) * (r - l) + seen_r * (static_cast<float>(i + 1) - r);
      row[i] += d * (area - before);
      before = area;
    }
    row[end] += d * (1.0f - before);
  }
}

void Layer::fill(std::span<const std::vector<Point>> contours, const Ink& ink) {
  float min_x = 1e9f, min_y = 1e9f, max_x = -1e9f, max_y = -1e9f;
  for (const auto& contour : contours) {
    float twice_area = 0;
    for (size_t i = 0; i < contour.size(); ++i) {
      const Point& p = contour[i];
      const Point& q = contour[(i + 1) % contour.size()];
      twice_area += p.x * q.y - q.x * p.y;
      min_x = std::min(min_x, p.x), max_x = std::max(max_x, p.x);
      min_y = std::min(min_y, p.y), max_y = std::max(max_y, p.y);
    }
    const float ox = static_cast<float>(x0_), oy = static_cast<float>(y0_);
    for (size_t i = 0; i < contour.size(); ++i) {
      const Point p{contour[i].x - ox, contour[i].y - oy};
      const Point& n = contour[(i + 1) % contour.size()];
      const Point q{n.x - ox, n.y - oy};
      // One orientation for all contours, so that overlaps add instead of cancelling.
      if (twice_area < 0) {
        add_edge(p, q);
      } else {
        add_edge(q, p);
      }
    }
  }
  if (min_x > max_x) return;
  const int left = std::clamp(static_cast<int>(std::floor(min_x)) - x0_, 0, width_);
  const int end = std::clamp(static_cast<int>(std::ceil(max_x)) + 1 - x0_, 0, width_);
  const int top = std::clamp(static_cast<int>(std::floor(min_y)) - y0_, 0, height_);
  const int bottom = std::clamp(static_cast<int>(std::ceil(max_y)) - y0_, 0, height_);
  const float cx = 0.5f * (min_x + max_x), cy = 0.5f * (min_y + max_y);
  const float to_x = 1.0f / std::max(1.0f, 0.5f * (max_x - min_x));
  const float to_y = 1.0f / std::max(1.0f, 0.5f * (max_y - min_y));
  for (int y = top; y < bottom; ++y) {
    float* row = area_.data() + static_cast<size_t>(y) * (width_ + 2);
    Pixel* out = pixels_.data() + static_cast<size_t>(y) * width_;
    const float ny = (static_cast<float>(y + y0_) + 0.5f - cy) * to_y;
    float sum = 0;
    for (int x = left; x < end; ++x) {
      sum += row[x];
      const float cover = std::min(1.0f, std::fabs(sum));
      if (cover < 0.004f) continue;
      const float nx = (static_cast<float>(x + x0_) + 0.5f - cx) * to_x;
      float lit = 1.0f + ink.volume * (nx * light_.x + ny * light_.y);
      const uint32_t h = hash_pixel(static_cast<uint32_t>(x), static_cast<uint32_t>(y), noise_key_);
      lit += ink.texture * (static_cast<float>(h >> 16) * (2.0f / 65535.0f) - 1.0f);
      const float keep = 1.0f - cover;
      const float add = cover * lit;
      Pixel& p = out[x];
      p.r = p.r * keep + std::min(255.0f * cover, ink.colour.r * add);
      p.g = p.g * keep + std::min(255.0f * cover, ink.colour.g * add);
      p.b = p.b * keep + std::min(255.0f * cover, ink.colour.b * add);
      p.a = p.a * keep + cover;
    }
    std::fill(row + left, row + std::min(end + 2, width_ + 2), 0.0f);
  }
}

}  // namespace vigor::scenes
