// Draws in an object's own coordinates: y from -1 (top) to 1 (foot), x as wide as the kind is.
#pragma once

#include <initializer_list>
#include <vector>

#include "scenes/raster.h"

namespace vigor::scenes {

// From an object's coordinates to the picture's.
struct Placement {
  Point centre;     // pixels
  float scale = 1;  // pixels for one unit: half the height
  bool mirrored = false;
  float turns = 0;  // clockwise on the screen
};

class Pen {
 public:
  Pen(Layer& layer, const Placement& placement);

  void polygon(std::initializer_list<Point> corners, const Ink& ink);
  // A closed smooth curve through the points.
  void blob(std::initializer_list<Point> points, const Ink& ink);
  void ellipse(float cx, float cy, float rx, float ry, const Ink& ink, float turns = 0);
  // Corners rounded with `radius`.
  void box(float x0, float y0, float x1, float y1, const Ink& ink, float radius = 0);
  // A broken line of `width`, ends and joints round; `smooth` runs a curve through the points.
  void line(std::initializer_list<Point> points, float width, const Ink& ink, bool smooth = false);
  // Part of an ellipse as a line, from turn `from` to turn `to` (0 is right, 0.25 down).
  void arc(float cx, float cy, float rx, float ry, float from, float to, float width,
           const Ink& ink);
  // A ring: an ellipse drawn as a line.
  void ring(float cx, float cy, float rx, float ry, float width, const Ink& ink) {
    arc(cx, cy, rx, ry, 0, 1, width, ink);
  }

 private:
  Point map(Point p) const;
  void stroke(const std::vector<Point>& points, float width, const Ink& ink);

  Layer& layer_;
  Placement placement_;
  Point axis_;  // direction(turns)
};

}  // namespace vigor::scenes
