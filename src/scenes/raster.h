// A small antialiased rasteriser: polygons with exact area coverage, shaded as if they were round.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vigor::scenes {

struct Point {
  float x = 0, y = 0;
};

// 0 to 255 each.
struct Rgb {
  float r = 0, g = 0, b = 0;
};

Rgb mix(Rgb a, Rgb b, float share_of_b);
Rgb scaled(Rgb colour, float factor);

// How a shape is filled.
struct Ink {
  Ink(Rgb colour, float volume = 0.3f, float texture = 0.05f)  // NOLINT: a colour is an ink
      : colour(colour), volume(volume), texture(texture) {}
  Rgb colour;
  // How round it looks: brightness changes by this share from its middle to its lit edge, 0 to 1.
  float volume;
  // Amplitude of the surface's noise as a share of the brightness, 0 to 1.
  float texture;
};

// (cos, sin) of an angle in turns, by polynomials: the same on every machine (error below 1e-5).
Point direction(float turns);

// A 32-bit mix of integers, for noise by pixel.
inline uint32_t hash_pixel(uint32_t x, uint32_t y, uint32_t key) {
  uint32_t h = x * 0x9E3779B1u ^ y * 0x85EBCA77u ^ key;
  h ^= h >> 15;
  h *= 0x2C1B3C6Du;
  h ^= h >> 12;
  h *= 0x297A2D39u;
  return h ^ (h >> 15);
}

// A rectangle of premultiplied colour and coverage, placed at (x0, y0) of the picture; it may lie
// partly outside. What is drawn outside of the layer is cut.
class Layer {
 public:
  struct Pixel {
    float r = 0, g = 0, b = 0, a = 0;
  };
  Layer(int x0, int y0, int width, int height, Point light, uint32_t noise_key);

  // Fills the union of simple closed contours (picture coordinates, any orientation).
  void fill(std::span<const std::vector<Point>> contours, const Ink& ink);

  int x0() const { return x0_; }
  int y0() const { return y0_; }
  int width() const { return width_; }
  int height() const { return height_; }
  const Pixel& at(int x, int y) const { return pixels_[static_cast<size_t>(y) * width_ + x]; }
  Pixel& at(int x, int y) { return pixels_[static_cast<size_t>(y) * width_ + x]; }

 private:
  void add_edge(Point from, Point to);

  int x0_, y0_, width_, height_;
  Point light_;  // unit vector towards the light
  uint32_t noise_key_;
  std::vector<Pixel> pixels_;
  // Signed area by pixel of the shape being filled; all zero between fills.
  std::vector<float> area_;
};

}  // namespace vigor::scenes
