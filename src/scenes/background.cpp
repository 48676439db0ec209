#include "scenes/background.h"

#include <algorithm>
#include <cmath>

#include "scenes/pen.h"
#include "scenes/scene.h"

namespace vigor {
namespace scenes {
namespace {

// Paints in shares of the picture: (0, 0) top left, (1, 1) bottom right.
class Backdrop {
 public:
  Backdrop(Layer& layer, CounterRandom& random)
      : layer_(layer),
        random_(random),
        width_(static_cast<float>(layer.width())),
        height_(static_cast<float>(layer.height())) {}

  float vary(float low, float high) {
    return low + (high - low) * static_cast<float>(random_.uniform());
  }
  bool chance(double p) { return random_.uniform() < p; }
  Rgb pick(std::initializer_list<Rgb> colours) {
    const Rgb c = colours.begin()[random_.below(static_cast<uint32_t>(colours.size()))];
    return scaled(c, vary(0.92f, 1.06f));
  }

  void gradient(float top, float bottom, Rgb from, Rgb to) {
    const int y0 = std::max(0, static_cast<int>(top * height_));
    const int y1 = std::min(layer_.height(), static_cast<int>(std::ceil(bottom * height_)));
    for (int y = y0; y < y1; ++y) {
      const float t = (static_cast<float>(y) / height_ - top) / std::max(0.01f, bottom - top);
      const Rgb c = mix(from, to, std::clamp(t, 0.0f, 1.0f));
      for (int x = 0; x < layer_.width(); ++x) layer_.at(x, y) = {c.r, c.g, c.b, 1};
    }
  }
  void box(float x0, float y0, float x1, float y1, const Ink& ink) {
    polygon({{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}, ink);
  }
  void polygon(std::vector<Point> points, const Ink& ink) {
    for (Point& p : points) p = {p.x * width_, p.y * height_};
    layer_.fill({&points, 1}, ink);
  }
  void ellipse(float cx, float cy, float rx, float ry, const Ink& ink) {
    std::vector<Point> points(20);
    for (int i = 0; i < 20; ++i) {
      const Point d = direction(static_cast<float>(i) * 0.05f);
      points[i] = {cx + d.x * rx, cy + d.y * ry};
    }
    polygon(std::move(points), ink);
  }
  // Rolling ground from x = 0 to 1 whose top wanders around `y`.
  void hills(float y, float amplitude, float bottom, const Ink& ink) {
    std::vector<Point> points = {{1.02f, bottom}, {-0.02f, bottom}};
    const float phase = vary(0, 1), bumps = vary(0.8f, 2.2f);
    for (int i = 0; i <= 24; ++i) {
      const float x = static_cast<float>(i) / 24.0f;
      points.push_back({x * 1.04f - 0.02f, y + amplitude * direction(phase + x * bumps).y});
    }
    polygon(std::move(points), ink);
  }
  // Smooth noise as a factor of the brightness between rows `top` and `bottom`: lattice cells of
  // `cell_x` by `cell_y` pixels at 256 pixels, `amplitude` as a share.
  void texture(float top, float bottom, float cell_x, float cell_y, float amplitude) {
    const float unit = width_ / 256.0f;
    const float step_x = 1.0f / std::max(1.0f, cell_x * unit),
                step_y = 1.0f / std::max(1.0f, cell_y * unit);
    const uint32_t key = random_.next();
    const int y0 = std::max(0, static_cast<int>(top * height_));
    const int y1 = std::min(layer_.height(), static_cast<int>(std::ceil(bottom * height_)));
    const int cells = static_cast<int>(width_ * step_x) + 2;
    std::vector<float> upper(cells), lower(cells);
    int row = -1;
    const auto fill_row = [&](std::vector<float>& out, int y) {
      for (int i = 0; i < cells; ++i) {
        out[i] = static_cast<float>(
                     hash_pixel(static_cast<uint32_t>(i), static_cast<uint32_t>(y), key) >> 16) *
                     (2.0f / 65535.0f) -
                 1.0f;
      }
    };
    for (int y = y0; y < y1; ++y) {
      const float fy = static_cast<float>(y) * step_y;
      const int iy = static_cast<int>(fy);
      if (iy != row) {
        fill_row(upper, iy);
        fill_row(lower, iy + 1);
        row = iy;
      }
      float ty = fy - static_cast<float>(iy);
      ty = ty * ty * (3 - 2 * ty);
      for (int x = 0; x < layer_.width(); ++x) {
        const float fx = static_cast<float>(x) * step_x;
        const int ix = static_cast<int>(fx);
        float tx = fx - static_cast<float>(ix);
        tx = tx * tx * (3 - 2 * tx);
        const float a = upper[ix] + (upper[ix + 1] - upper[ix]) * tx;
        const float b = lower[ix] + (lower[ix + 1] - lower[ix]) * tx;
        const float factor = 1.0f + amplitude * (a + (b - a) * ty);
        Layer::Pixel& p = layer_.at(x, y);
        p.r *= factor, p.g *= factor, p.b *= factor;
      }
    }
  }
  // Clouds: white where smooth noise is high; cheaper and softer as a few stacked ellipses.
  void clouds(float bottom, int count) {
    for (int i = 0; i < count; ++i) {
      const float x = vary(0, 1), y = vary(0.04f, bottom * 0.7f), w = vary(0.06f, 0.14f);
      const Rgb white = scaled(Rgb{250, 251, 253}, vary(0.93f, 1.0f));
      for (int k = 0; k < 4; ++k) {
        const float r = w * vary(0.4f, 0.8f);
        ellipse(x + (static_cast<float>(k) - 1.5f) * w * 0.6f, y + vary(-0.012f, 0.012f), r,
                r * 0.45f, Ink(white, 0.05f, 0.01f));
      }
    }
  }
  void sky(float horizon) {
    const int weather = static_cast<int>(random_.below(4));
    static constexpr Rgb kTop[] = {
        {86, 148, 218}, {120, 172, 222}, {162, 180, 198}, {112, 140, 196}};
    static constexpr Rgb kLow[] = {
        {190, 216, 240}, {222, 234, 242}, {214, 220, 226}, {246, 214, 182}};
    gradient(0, horizon + 0.03f, kTop[weather], kLow[weather]);
    clouds(horizon, static_cast<int>(random_.below(4)));
  }
  // Small unnamed shapes on the ground: pebbles, leaves, crumbs.
  void litter(float top, int count, std::initializer_list<Rgb> colours) {
    for (int i = 0; i < count; ++i) {
      const float y = vary(top + 0.04f, 0.99f), r = vary(0.005f, 0.016f) * (0.5f + y);
      ellipse(vary(0, 1), y, r, r * vary(0.4f, 0.8f), Ink(pick(colours), 0.3f, 0.1f));
    }
  }

 private:
  Layer& layer_;
  CounterRandom& random_;
  float width_, height_;
};

Stage kitchen(Backdrop& b) {
  const float h = b.vary(0.46f, 0.56f);
  const Rgb wall = b.pick({{226, 218, 200}, {206, 218, 216}, {232, 226, 214}, {214, 206, 190}});
  b.gradient(0, h, scaled(wall, 1.03f), wall);
  const float tile = b.vary(0.07f, 0.11f);  // tiles
  const Ink joint(scaled(wall, 0.88f), 0, 0);
  for (float y = h - tile; y > 0.2f; y -= tile) b.box(0, y, 1, y + 0.006f, joint);
  for (float x = b.vary(0, tile); x < 1; x += tile) b.box(x, 0.2f, x + 0.006f, h, joint);
  const Rgb wood = b.pick({{152, 108, 68}, {116, 82, 56}, {208, 200, 186}, {120, 136, 134}});
  const float doors = b.vary(0.2f, 0.3f);
  for (float x = b.vary(-0.1f, 0); x < 1; x += doors) {
    b.box(x, 0, x + doors - 0.01f, 0.18f, Ink(wood, 0.08f));
    b.box(x + 0.03f, 0.02f, x + doors - 0.04f, 0.15f, Ink(scaled(wood, 0.92f), 0.08f));
  }
  const Rgb top = b.pick({{172, 164, 152}, {98, 96, 98}, {196, 176, 146}, {214, 210, 204}});
  b.gradient(h, 1, scaled(top, 0.94f), scaled(top, 1.08f));
  b.box(0, h, 1, h + 0.012f, Ink(scaled(top, 0.72f), 0));
  b.texture(h, 1, 9, 5, 0.05f);
  return {h, -1, -1, false};
}

Stage living_room(Backdrop& b) {
  const float h = b.vary(0.5f, 0.6f);
  const Rgb wall = b.pick({{204, 190, 166}, {176, 190, 196}, {190, 178, 190}, {212, 204, 190}});
  b.gradient(0, h, wall, scaled(wall, 0.93f));
  if (b.chance(0.5)) {
    const float w = b.vary(0.04f, 0.08f);
    for (float x = 0; x < 1; x += 2 * w) b.box(x, 0, x + w, h, Ink(scaled(wall, 0.95f), 0, 0.02f));
  }
  if (b.chance(0.6)) {  // a window
    const float x = b.vary(0.05f, 0.65f);
    b.box(x, 0.07f, x + 0.28f, 0.38f, Ink(Rgb{240, 238, 232}, 0.05f));
    b.box(x + 0.02f, 0.09f, x + 0.26f, 0.36f, Ink(Rgb{176, 210, 234}, 0.2f, 0.02f));
    b.box(x + 0.133f, 0.08f, x + 0.147f, 0.37f, Ink(Rgb{240, 238, 232}, 0));
  }
  const Rgb floor = b.pick({{158, 112, 70}, {128, 88, 58}, {184, 148, 104}});
  b.gradient(h, 1, scaled(floor, 0.88f), scaled(floor, 1.06f));
  b.box(0, h - 0.02f, 1, h + 0.006f, Ink(Rgb{236, 230, 220}, 0.05f));
  for (float t = 0.06f, y = h; y < 1; t *= 1.25f) {
    y += t;
    b.box(0, y, 1, y + 0.005f, Ink(scaled(floor, 0.76f), 0));
  }
  if (b.chance(0.5)) {
    const Rgb rug = b.pick({{166, 72, 66}, {84, 104, 140}, {176, 160, 132}});
    b.ellipse(0.5f, (h + 1) * 0.52f, 0.42f, (1 - h) * 0.34f, Ink(rug, 0.05f, 0.1f));
    b.ellipse(0.5f, (h + 1) * 0.52f, 0.34f, (1 - h) * 0.25f, Ink(scaled(rug, 1.15f), 0.05f, 0.1f));
  }
  b.texture(h, 1, 26, 3, 0.06f);
  return {h, -1, -1, false};
}

Stage bedroom(Backdrop& b) {
  const float h = b.vary(0.54f, 0.62f);
  const Rgb wall = b.pick({{188, 202, 214}, {214, 196, 200}, {200, 206, 188}, {210, 202, 218}});
  b.gradient(0, h, scaled(wall, 1.02f), scaled(wall, 0.94f));
  const Rgb carpet = b.pick({{170, 156, 144}, {132, 138, 152}, {188, 176, 160}});
  b.gradient(h, 1, scaled(carpet, 0.9f), scaled(carpet, 1.06f));
  const bool left = b.chance(0.5);  // a bed along one side
  const float x0 = left ? -0.05f : 0.42f, x1 = left ? 0.58f : 1.05f;
  const Rgb sheet = b.pick({{226, 226, 232}, {196, 206, 226}, {230, 214, 206}});
  b.box(left ? -0.05f : 0.97f, h - 0.26f, left ? 0.03f : 1.05f, h + 0.16f,
        Ink(Rgb{112, 80, 56}, 0.1f));
  b.box(x0, h - 0.06f, x1, h + 0.12f, Ink(sheet, 0.1f, 0.03f));
  b.box(x0, h - 0.02f, x1, h + 0.1f, Ink(scaled(sheet, 0.88f), 0.1f, 0.04f));
  b.ellipse(left ? 0.12f : 0.88f, h - 0.07f, 0.1f, 0.045f, Ink(Rgb{246, 246, 246}, 0.2f, 0.02f));
  b.box(x0, h + 0.11f, x1, h + 0.15f, Ink(Rgb{112, 80, 56}, 0.1f));
  b.texture(h, 1, 3, 3, 0.07f);
  b.texture(0, h, 40, 40, 0.03f);
  return {h, -1, -1, false};
}

Stage office(Backdrop& b) {
  const float h = b.vary(0.48f, 0.56f);
  const Rgb wall = b.pick({{206, 210, 214}, {190, 198, 204}, {218, 214, 206}});
  b.gradient(0, h, wall, scaled(wall, 0.92f));
  if (b.chance(0.7)) {  // blinds
    const float x = b.vary(0.04f, 0.6f);
    b.box(x, 0.05f, x + 0.34f, 0.34f, Ink(Rgb{196, 218, 232}, 0.1f, 0.02f));
    for (float y = 0.06f; y < 0.33f; y += 0.024f)
      b.box(x, y, x + 0.34f, y + 0.011f, Ink(Rgb{236, 238, 240}, 0, 0.02f));
  }
  if (b.chance(0.6)) {  // a pin board
    const float x = b.vary(0.5f, 0.72f);
    b.box(x, 0.1f, x + 0.24f, 0.32f, Ink(Rgb{172, 132, 88}, 0.05f, 0.12f));
    for (int i = 0; i < 4; ++i) {
      const float px = x + b.vary(0.01f, 0.18f), py = b.vary(0.11f, 0.25f);
      b.box(px, py, px + 0.045f, py + 0.055f,
            Ink(b.pick({{250, 248, 240}, {250, 232, 140}, {190, 220, 240}}), 0.03f, 0.02f));
    }
  }
  const Rgb desk = b.pick({{178, 140, 98}, {150, 154, 158}, {108, 82, 62}, {206, 190, 166}});
  b.gradient(h, 1, scaled(desk, 0.9f), scaled(desk, 1.08f));
  b.box(0, h, 1, h + 0.01f, Ink(scaled(desk, 0.65f), 0));
  b.texture(h, 1, 60, 3, 0.05f);
  return {h, -1, -1, false};
}

Stage street(Backdrop& b) {
  const float h = b.vary(0.44f, 0.52f);
  b.sky(h);
  for (float x = -0.05f; x < 1;) {  // buildings
    const float w = b.vary(0.14f, 0.28f), top = b.vary(0.04f, h - 0.16f);
    const Rgb brick = b.pick(
        {{150, 122, 106}, {170, 164, 156}, {122, 126, 136}, {186, 160, 130}, {142, 104, 92}});
    b.box(x, top, x + w, h + 0.01f, Ink(brick, 0.1f, 0.06f));
    const float step = b.vary(0.045f, 0.065f);
    const Rgb pane = b.pick({{92, 112, 132}, {70, 82, 98}, {210, 206, 170}});
    for (float y = top + 0.03f; y < h - 0.06f; y += step) {
      for (float wx = x + 0.02f; wx < x + w - 0.03f; wx += step) {
        b.box(wx, y, wx + step * 0.5f, y + step * 0.55f, Ink(pane, 0.1f, 0.05f));
      }
    }
    x += w;
  }
  const Rgb pavement = b.pick({{176, 172, 166}, {160, 156, 152}});
  b.gradient(h, h + 0.1f, scaled(pavement, 0.9f), pavement);
  const Rgb road = b.pick({{92, 94, 98}, {110, 110, 112}, {78, 80, 84}});
  b.gradient(h + 0.1f, 1, scaled(road, 0.92f), scaled(road, 1.1f));
  b.box(0, h + 0.095f, 1, h + 0.115f, Ink(Rgb{200, 198, 192}, 0, 0.04f));
  const float y = h + 0.29f, dash = b.vary(0.12f, 0.2f);
  for (float x = b.vary(-dash, 0); x < 1; x += dash * 1.8f) {
    b.polygon({{x, y}, {x + dash, y}, {x + dash - 0.03f, y + 0.025f}, {x - 0.03f, y + 0.025f}},
              Ink(Rgb{226, 222, 206}, 0, 0.05f));
  }
  b.texture(h, 1, 4, 2, 0.07f);
  return {h, -1, -1, true};
}

Stage park(Backdrop& b) {
  const float h = b.vary(0.42f, 0.52f);
  b.sky(h);
  const Rgb bush = b.pick({{70, 112, 66}, {88, 124, 74}, {58, 98, 70}});
  for (int i = 0; i < 12; ++i) {
    const float r = b.vary(0.05f, 0.1f);
    b.ellipse(static_cast<float>(i) / 11.0f + b.vary(-0.03f, 0.03f), h - r * 0.3f, r, r * 0.9f,
              Ink(scaled(bush, b.vary(0.85f, 1.1f)), 0.25f, 0.2f));
  }
  const Rgb grass = b.pick({{112, 156, 76}, {98, 146, 78}, {134, 164, 84}});
  b.gradient(h, 1, scaled(grass, 0.88f), scaled(grass, 1.06f));
  if (b.chance(0.65)) {
    const float x = b.vary(0.2f, 0.8f), lean = b.vary(-0.3f, 0.3f);
    b.polygon({{x - 0.03f, h}, {x + 0.03f, h}, {x + lean + 0.26f, 1.0f}, {x + lean - 0.26f, 1.0f}},
              Ink(Rgb{198, 180, 146}, 0.05f, 0.07f));
  }
  b.texture(h, 1, 3, 5, 0.13f);
  b.texture(h, 1, 38, 18, 0.08f);
  return {h, -1, -1, true};
}

Stage beach(Backdrop& b) {
  const float h = b.vary(0.34f, 0.42f), shore = h + b.vary(0.16f, 0.24f);
  b.sky(h);
  const Rgb sea = b.pick({{48, 124, 172}, {56, 150, 170}, {70, 122, 160}});
  b.gradient(h, shore + 0.02f, scaled(sea, 0.85f), scaled(sea, 1.22f));
  b.texture(h, shore, 34, 2.5f, 0.13f);
  const Rgb sand = b.pick({{226, 204, 160}, {214, 190, 148}, {232, 214, 178}});
  b.hills(shore + 0.012f, 0.012f, 1.05f, Ink(Rgb{240, 246, 246}, 0, 0.02f));
  b.hills(shore + 0.035f, 0.012f, 1.05f, Ink(scaled(sand, 0.84f), 0, 0.04f));
  b.hills(shore + 0.07f, 0.012f, 1.05f, Ink(sand, 0.05f, 0.06f));
  b.texture(shore + 0.06f, 1, 16, 7, 0.06f);
  return {shore + 0.02f, h + 0.06f, shore, true};
}

Stage field(Backdrop& b) {
  const float h = b.vary(0.38f, 0.5f);
  b.sky(h);
  const Rgb far = b.pick({{116, 146, 110}, {136, 150, 104}, {104, 136, 124}});
  b.hills(h - 0.03f, 0.03f, h + 0.05f, Ink(far, 0.05f, 0.05f));
  const Rgb crop = b.pick({{168, 172, 84}, {204, 182, 96}, {126, 160, 76}});
  b.gradient(h, 1, scaled(crop, 0.9f), scaled(crop, 1.06f));
  const float vanish = b.vary(0.3f, 0.7f);
  for (int i = -9; i <= 9; ++i) {
    const float x = vanish + static_cast<float>(i) * 0.17f;
    const float top = vanish + static_cast<float>(i) * 0.035f;
    b.polygon({{top, h}, {top + 0.006f, h}, {x + 0.05f, 1.0f}, {x, 1.0f}},
              Ink(scaled(crop, 0.84f), 0, 0.1f));
  }
  if (b.chance(0.5)) {  // a fence
    for (float x = 0; x < 1; x += 0.09f)
      b.box(x, h - 0.03f, x + 0.012f, h + 0.06f, Ink(Rgb{134, 108, 82}, 0.1f, 0.1f));
    b.box(0, h - 0.01f, 1, h + 0.002f, Ink(Rgb{134, 108, 82}, 0.1f, 0.1f));
    b.box(0, h + 0.025f, 1, h + 0.037f, Ink(Rgb{134, 108, 82}, 0.1f, 0.1f));
  }
  b.texture(h, 1, 3, 6, 0.11f);
  return {h + 0.02f, -1, -1, true};
}

Stage harbor(Backdrop& b) {
  const float h = b.vary(0.34f, 0.42f), quay = b.vary(0.72f, 0.78f);
  b.sky(h);
  const Rgb town = b.pick({{150, 146, 144}, {168, 150, 136}});
  for (float x = 0; x < 1;) {
    const float w = b.vary(0.05f, 0.12f);
    b.box(x, h - b.vary(0.03f, 0.12f), x + w, h,
          Ink(scaled(town, b.vary(0.85f, 1.1f)), 0.05f, 0.05f));
    x += w * b.vary(1.0f, 1.6f);
  }
  const Rgb water = b.pick({{58, 98, 124}, {70, 112, 128}, {48, 88, 118}});
  b.gradient(h, quay, scaled(water, 1.15f), scaled(water, 0.9f));
  b.texture(h, quay, 26, 3, 0.15f);
  b.texture(h, quay, 9, 2, 0.08f);
  const Rgb plank = b.pick({{150, 128, 102}, {164, 158, 150}, {134, 112, 88}});
  b.gradient(quay, 1, scaled(plank, 0.88f), scaled(plank, 1.05f));
  b.box(0, quay, 1, quay + 0.02f, Ink(scaled(plank, 0.66f), 0));
  const float step = b.vary(0.08f, 0.13f);
  for (float x = b.vary(-step, 0); x < 1.4f; x += step) {
    b.polygon({{x, quay},
               {x + 0.007f, quay},
               {0.5f + (x - 0.5f) * 1.4f + 0.01f, 1.0f},
               {0.5f + (x - 0.5f) * 1.4f, 1.0f}},
              Ink(scaled(plank, 0.7f), 0, 0.05f));
  }
  b.texture(quay, 1, 5, 9, 0.06f);
  return {quay - 0.02f, h + 0.08f, quay - 0.04f, true};
}

Stage mountains(Backdrop& b) {
  const float h = b.vary(0.46f, 0.54f);
  b.sky(h);
  const Rgb rock = b.pick({{122, 130, 148}, {134, 126, 124}, {108, 118, 132}});
  for (int i = 0; i < 4; ++i) {
    const float x = b.vary(0, 1), peak = b.vary(0.1f, 0.26f), w = b.vary(0.22f, 0.4f);
    const float k = 0.34f;  // where the snow ends
    b.polygon({{x - w, h}, {x, peak}, {x + w, h}},
              Ink(scaled(rock, b.vary(0.9f, 1.1f)), 0.2f, 0.07f));
    b.polygon({{x - w * k, peak + (h - peak) * k},
               {x, peak},
               {x + w * k, peak + (h - peak) * k},
               {x + w * 0.1f, peak + (h - peak) * 0.26f},
               {x - w * 0.06f, peak + (h - peak) * 0.36f}},
              Ink(Rgb{244, 247, 250}, 0.1f, 0.03f));
  }
  const bool snow = b.chance(0.35);
  const Rgb ground = snow ? Rgb{226, 232, 240} : b.pick({{122, 146, 88}, {142, 148, 96}});
  b.hills(h, 0.02f, 1.05f, Ink(ground, 0.06f, 0.04f));
  b.texture(h - 0.01f, 1, 22, 12, snow ? 0.04f : 0.1f);
  b.texture(h - 0.01f, 1, 3, 3, snow ? 0.02f : 0.09f);
  return {h + 0.02f, -1, -1, true};
}

using Painter = Stage (*)(Backdrop&);
constexpr Painter kPainters[] = {kitchen, living_room, bedroom, office, street,
                                 park,    beach,       field,   harbor, mountains};

}  // namespace

const std::vector<Place>& place_table() {
  static const std::vector<Place> table = {
      {"kitchen",
       {{"cup", 6},
        {"bottle", 6},
        {"apple", 5},
        {"banana", 5},
        {"orange", 5},
        {"table", 2},
        {"chair", 3},
        {"vase", 2},
        {"clock", 3},
        {"person", 3},
        {"cat", 1}}},
      {"living room",
       {{"lamp", 6},
        {"chair", 5},
        {"table", 4},
        {"vase", 5},
        {"book", 4},
        {"cat", 4},
        {"dog", 3},
        {"clock", 4},
        {"teddy bear", 2},
        {"person", 4},
        {"cup", 2}}},
      {"bedroom",
       {{"teddy bear", 7},
        {"lamp", 6},
        {"book", 5},
        {"clock", 4},
        {"cat", 4},
        {"chair", 3},
        {"ball", 2},
        {"laptop", 2},
        {"person", 3},
        {"cup", 1}}},
      {"office",
       {{"laptop", 8},
        {"book", 6},
        {"cup", 6},
        {"lamp", 5},
        {"clock", 4},
        {"chair", 4},
        {"person", 4},
        {"vase", 2},
        {"bottle", 3},
        {"apple", 1}}},
      {"street",
       {{"car", 8},
        {"bus", 6},
        {"traffic light", 6},
        {"stop sign", 5},
        {"bicycle", 5},
        {"person", 7},
        {"bench", 2},
        {"tree", 3},
        {"umbrella", 2},
        {"dog", 2},
        {"house", 2}}},
      {"park",
       {{"tree", 7},
        {"bench", 7},
        {"dog", 6},
        {"person", 7},
        {"ball", 5},
        {"kite", 4},
        {"bicycle", 5},
        {"bird", 5},
        {"umbrella", 2}}},
      {"beach",
       {{"umbrella", 8},
        {"ball", 6},
        {"person", 7},
        {"boat", 5},
        {"kite", 5},
        {"bird", 5},
        {"dog", 3},
        {"chair", 4},
        {"bottle", 2},
        {"airplane", 2}}},
      {"field",
       {{"sheep", 9},
        {"tree", 6},
        {"house", 5},
        {"bird", 4},
        {"dog", 3},
        {"kite", 3},
        {"person", 3},
        {"airplane", 3},
        {"train", 4},
        {"bicycle", 1}}},
      {"harbor",
       {{"boat", 10},
        {"bird", 7},
        {"person", 6},
        {"bench", 4},
        {"bicycle", 3},
        {"dog", 2},
        {"airplane", 2},
        {"car", 2},
        {"cat", 2}}},
      {"mountains",
       {{"train", 6},
        {"tree", 7},
        {"house", 6},
        {"airplane", 5},
        {"sheep", 5},
        {"person", 4},
        {"bird", 4},
        {"kite", 2},
        {"bus", 2}}},
  };
  return table;
}

Stage paint_background(int index, Layer& picture, CounterRandom& random, bool clutter) {
  Backdrop backdrop(picture, random);
  const Stage stage = kPainters[index](backdrop);
  if (clutter) {
    const int count = static_cast<int>(random.below(14));
    if (stage.outdoors) {
      backdrop.litter(stage.horizon, count,
                      {{120, 112, 100}, {150, 140, 126}, {110, 104, 70}, {150, 110, 60}});
    } else {
      backdrop.litter(stage.horizon, count / 2, {{190, 180, 160}, {120, 100, 84}, {220, 216, 206}});
    }
  }
  return stage;
}

}  // namespace scenes

const std::vector<std::string>& scene_backgrounds() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const auto& place : scenes::place_table()) out.emplace_back(place.name);
    return out;
  }();
  return names;
}

}  // namespace vigor
