// Vehicles, and what stands along streets and in the open.
#include "scenes/kinds.h"

namespace vigor::scenes {
namespace {

constexpr Rgb kTyre{34, 34, 36};
constexpr Rgb kRim{188, 190, 194};
constexpr Rgb kMetal{150, 154, 160};
constexpr Rgb kPole{92, 96, 102};

Rgb shadow(Rgb c) {
  return scaled(c, 0.7f);
}
Rgb glass(const Look& look) {
  return look.vary[0] > 0.5f ? Rgb{150, 200, 226} : Rgb{96, 134, 160};
}

void wheel(Pen& pen, float x, float y, float r) {
  pen.ellipse(x, y, r, r, Ink(kTyre, 0.2f));
  pen.ellipse(x, y, r * 0.55f, r * 0.55f, Ink(kRim, 0.3f));
  pen.ellipse(x, y, r * 0.18f, r * 0.18f, Ink(kTyre, 0, 0));
}

}  // namespace

void draw_car(Pen& pen, const Look& look) {
  const Rgb body = look.main;
  const float roof = -0.95f + 0.15f * look.vary[1];
  pen.blob({{-1.15f, -0.15f},
            {-0.85f, roof + 0.1f},
            {-0.4f, roof},
            {0.35f, roof},
            {0.75f, roof + 0.3f},
            {1.2f, -0.15f},
            {1.2f, 0.15f},
            {-1.2f, 0.15f}},
           Ink(body, 0.25f, 0.02f));
  const Ink window(glass(look), 0.25f, 0.02f);
  pen.polygon({{-0.98f, -0.18f}, {-0.74f, roof + 0.2f}, {-0.12f, roof + 0.14f}, {-0.12f, -0.18f}},
              window);
  pen.polygon({{0.02f, -0.18f},
               {0.02f, roof + 0.14f},
               {0.34f, roof + 0.16f},
               {0.62f, roof + 0.36f},
               {0.92f, -0.18f}},
              window);
  pen.blob({{-2.0f, 0.0f},
            {-1.7f, -0.18f},
            {-1.0f, -0.22f},
            {0, -0.22f},
            {1.1f, -0.2f},
            {1.8f, -0.08f},
            {2.05f, 0.15f},
            {2.04f, 0.6f},
            {1.0f, 0.68f},
            {-1.0f, 0.68f},
            {-2.02f, 0.6f}},
           Ink(body, 0.3f, 0.02f));
  pen.line({{-0.05f, -0.1f}, {-0.05f, 0.5f}}, 0.04f, Ink(shadow(body), 0, 0));
  pen.line({{-1.9f, 0.52f}, {1.95f, 0.52f}}, 0.08f, Ink(shadow(body), 0, 0));
  pen.box(0.1f, 0.0f, 0.36f, 0.07f, Ink(kRim, 0));
  pen.ellipse(1.9f, 0.15f, 0.13f, 0.13f, Ink(Rgb{255, 246, 190}, 0.1f, 0));
  pen.box(-2.04f, 0.02f, -1.88f, 0.28f, Ink(Rgb{216, 30, 28}, 0.1f, 0), 0.05f);
  wheel(pen, -1.15f, 0.62f, 0.38f);
  wheel(pen, 1.2f, 0.62f, 0.38f);
}

void draw_bus(Pen& pen, const Look& look) {
  const Rgb body = look.main;
  pen.box(-1.9f, -1.0f, 1.9f, 0.78f, Ink(body, 0.22f, 0.02f), 0.16f);
  pen.box(-1.9f, 0.28f, 1.9f, 0.42f,
          Ink(look.vary[1] > 0.5f ? Rgb{240, 240, 236} : shadow(body), 0, 0.02f));
  const Ink window(glass(look), 0.2f, 0.02f);
  for (int i = 0; i < 5; ++i) {
    const float x = -1.74f + 0.58f * static_cast<float>(i);
    pen.box(x, -0.76f, x + 0.5f, -0.02f, window, 0.06f);
  }
  pen.box(1.24f, -0.76f, 1.86f, 0.6f, Ink(shadow(body), 0));
  pen.box(1.32f, -0.7f, 1.8f, 0.54f, window, 0.04f);
  pen.line({{1.56f, -0.7f}, {1.56f, 0.54f}}, 0.05f, Ink(shadow(body), 0, 0));
  pen.box(-1.9f, 0.66f, 1.9f, 0.8f, Ink(kTyre, 0));
  pen.ellipse(1.8f, 0.6f, 0.08f, 0.08f, Ink(Rgb{255, 246, 190}, 0, 0));
  wheel(pen, -1.2f, 0.72f, 0.27f);
  wheel(pen, 0.9f, 0.72f, 0.27f);
}

void draw_bicycle(Pen& pen, const Look& look) {
  const Ink frame(look.main, 0.15f, 0.02f);
  for (const float x : {-0.95f, 0.95f}) {
    pen.ring(x, 0.38f, 0.56f, 0.56f, 0.1f, Ink(kTyre, 0.1f));
    for (int i = 0; i < 4; ++i) {
      const Point d = direction(static_cast<float>(i) * 0.125f + look.vary[0] * 0.1f);
      pen.line({{x - d.x * 0.5f, 0.38f - d.y * 0.5f}, {x + d.x * 0.5f, 0.38f + d.y * 0.5f}}, 0.015f,
               Ink(kMetal, 0, 0));
    }
  }
  pen.line({{-0.95f, 0.38f}, {-0.4f, -0.42f}, {0.6f, -0.42f}, {-0.12f, 0.42f}, {-0.95f, 0.38f}},
           0.12f, frame);
  pen.line({{-0.12f, 0.42f}, {-0.46f, -0.6f}}, 0.12f, frame);
  pen.line({{0.95f, 0.38f}, {0.52f, -0.75f}}, 0.12f, frame);
  pen.line({{0.3f, -0.85f}, {0.56f, -0.82f}, {0.78f, -0.68f}}, 0.1f, Ink(kTyre, 0), true);
  pen.blob({{-0.78f, -0.7f}, {-0.4f, -0.72f}, {-0.22f, -0.64f}, {-0.5f, -0.56f}, {-0.76f, -0.58f}},
           Ink(kTyre, 0.2f));
  pen.ellipse(-0.12f, 0.42f, 0.14f, 0.14f, Ink(kMetal, 0.2f));
  pen.line({{-0.12f, 0.42f}, {0.06f, 0.7f}}, 0.06f, Ink(kTyre, 0));
}

void draw_train(Pen& pen, const Look& look) {
  // An engine with a chimney, and a carriage behind it.
  const Rgb body = look.main;
  const Ink window(glass(look), 0.2f, 0.02f);
  pen.line({{-2.55f, 0.97f}, {2.55f, 0.97f}}, 0.06f, Ink(kPole, 0));
  pen.box(-2.5f, -0.55f, -0.72f, 0.6f, Ink(shadow(body), 0.22f, 0.03f), 0.08f);
  pen.box(-2.56f, -0.66f, -0.66f, -0.5f, Ink(scaled(body, 0.5f), 0.1f), 0.06f);
  for (const float x : {-2.3f, -1.8f, -1.3f}) pen.box(x, -0.36f, x + 0.36f, 0.08f, window, 0.04f);
  pen.line({{-0.75f, 0.5f}, {-0.5f, 0.5f}}, 0.1f, Ink(kTyre, 0));
  pen.box(-0.52f, -0.7f, 0.6f, 0.6f, Ink(body, 0.22f, 0.03f), 0.05f);
  pen.box(-0.62f, -0.84f, 0.7f, -0.66f, Ink(scaled(body, 0.5f), 0.1f), 0.06f);
  pen.box(-0.34f, -0.5f, 0.4f, 0.0f, window, 0.05f);
  pen.box(0.5f, -0.28f, 2.2f, 0.55f, Ink(body, 0.4f, 0.03f), 0.2f);
  pen.polygon({{1.5f, -0.25f},
               {1.58f, -0.8f},
               {1.5f, -0.98f},
               {2.0f, -0.98f},
               {1.92f, -0.8f},
               {2.0f, -0.25f}},
              Ink(kTyre, 0.3f));
  pen.ellipse(0.95f, -0.3f, 0.16f, 0.2f, Ink(Rgb{220, 180, 60}, 0.3f));
  pen.ellipse(2.2f, 0.1f, 0.14f, 0.2f, Ink(Rgb{255, 244, 180}, 0.2f, 0));
  pen.polygon({{2.0f, 0.55f}, {2.25f, 0.5f}, {2.55f, 0.92f}, {2.0f, 0.92f}}, Ink(kTyre, 0.2f));
  pen.box(-2.45f, 0.55f, 2.2f, 0.68f, Ink(kTyre, 0));
  for (const float x : {-2.15f, -1.1f, -0.15f, 0.7f, 1.3f, 1.85f}) wheel(pen, x, 0.72f, 0.24f);
}

void draw_airplane(Pen& pen, const Look& look) {
  const Rgb body = look.main;
  pen.polygon({{-1.5f, -0.1f}, {-2.05f, -0.95f}, {-1.6f, -0.95f}, {-0.95f, -0.15f}},
              Ink(shadow(body), 0.15f));
  pen.polygon({{0.2f, -0.05f}, {-0.35f, -0.75f}, {-0.05f, -0.75f}, {0.75f, -0.05f}},
              Ink(shadow(body), 0.15f));
  pen.blob({{-1.95f, -0.2f},
            {-1.2f, -0.25f},
            {0.5f, -0.3f},
            {1.5f, -0.24f},
            {2.05f, 0.08f},
            {1.5f, 0.28f},
            {0.0f, 0.3f},
            {-1.4f, 0.1f}},
           Ink(body, 0.35f, 0.02f));
  for (int i = 0; i < 7; ++i)
    pen.ellipse(-0.9f + 0.32f * static_cast<float>(i), -0.06f, 0.08f, 0.08f,
                Ink(Rgb{70, 110, 150}, 0, 0));
  pen.polygon({{1.5f, -0.16f}, {1.78f, -0.06f}, {1.5f, -0.02f}}, Ink(Rgb{70, 110, 150}, 0, 0));
  pen.polygon({{0.5f, 0.12f}, {-0.75f, 0.95f}, {-0.38f, 0.98f}, {1.05f, 0.14f}},
              Ink(scaled(body, 0.85f), 0.2f));
  pen.ellipse(0.2f, 0.52f, 0.24f, 0.1f, Ink(kMetal, 0.3f));
  pen.polygon({{-1.6f, 0.0f}, {-2.08f, 0.34f}, {-1.85f, 0.36f}, {-1.15f, 0.05f}},
              Ink(scaled(body, 0.85f), 0.2f));
}

void draw_boat(Pen& pen, const Look& look) {
  pen.line({{0.0f, 0.45f}, {0.0f, -0.98f}}, 0.06f, Ink(Rgb{112, 80, 52}, 0.2f));
  const Ink sail(look.vary[0] > 0.3f ? Rgb{244, 242, 234} : look.second, 0.2f, 0.03f);
  pen.blob({{0.06f, -0.92f}, {0.48f, -0.4f}, {0.8f, 0.32f}, {0.4f, 0.36f}, {0.06f, 0.34f}}, sail);
  pen.polygon({{-0.06f, -0.78f}, {-0.66f, 0.32f}, {-0.06f, 0.34f}},
              Ink(scaled(sail.colour, 0.9f), 0.2f, 0.03f));
  pen.polygon({{-1.0f, 0.44f}, {1.03f, 0.44f}, {0.72f, 0.98f}, {-0.7f, 0.98f}},
              Ink(look.main, 0.3f, 0.04f));
  pen.polygon({{-1.02f, 0.42f}, {1.05f, 0.42f}, {0.99f, 0.54f}, {-0.95f, 0.54f}},
              Ink(mix(look.main, Rgb{255, 255, 255}, 0.55f), 0.1f));
}

void draw_traffic_light(Pen& pen, const Look& look) {
  pen.box(-0.06f, 0.1f, 0.06f, 1.0f, Ink(kPole, 0.4f));
  pen.box(-0.28f, -1.0f, 0.28f, 0.22f, Ink(Rgb{38, 42, 40}, 0.2f), 0.08f);
  pen.box(-0.24f, -0.96f, 0.24f, 0.18f, Ink(Rgb{54, 58, 54}, 0.1f), 0.07f);
  const int lit = static_cast<int>(look.vary[0] * 2.99f);
  static constexpr Rgb kOn[] = {{255, 52, 44}, {255, 206, 50}, {64, 232, 96}};
  for (int i = 0; i < 3; ++i) {
    const float y = -0.76f + 0.37f * static_cast<float>(i);
    pen.ellipse(0, y, 0.16f, 0.16f, Ink(i == lit ? kOn[i] : scaled(kOn[i], 0.42f), 0.15f, 0));
    if (i == lit)
      pen.ellipse(-0.04f, y - 0.04f, 0.06f, 0.06f,
                  Ink(mix(kOn[i], Rgb{255, 255, 255}, 0.6f), 0, 0));
  }
}

void draw_stop_sign(Pen& pen, const Look&) {
  pen.box(-0.045f, -0.2f, 0.045f, 1.0f, Ink(kMetal, 0.4f));
  const auto octagon = [&](float r, Rgb c) {
    const float k = r * 0.414f, y = -0.53f;
    pen.polygon({{-k, y - r},
                 {k, y - r},
                 {r, y - k},
                 {r, y + k},
                 {k, y + r},
                 {-k, y + r},
                 {-r, y + k},
                 {-r, y - k}},
                Ink(c, 0.08f, 0.02f));
  };
  octagon(0.465f, {244, 244, 242});
  octagon(0.42f, {200, 24, 32});
  const Ink white(Rgb{248, 248, 246}, 0, 0);
  const float t = -0.66f, m = -0.53f, b = -0.4f, w = 0.05f;
  pen.line({{-0.2f, t}, {-0.32f, t}, {-0.32f, m}, {-0.2f, m}, {-0.2f, b}, {-0.32f, b}}, w,
           white);                               // S
  pen.line({{-0.15f, t}, {0.0f, t}}, w, white);  // T
  pen.line({{-0.075f, t}, {-0.075f, b}}, w, white);
  pen.ring(0.1f, m, 0.06f, 0.13f, w, white);                                         // O
  pen.line({{0.22f, b}, {0.22f, t}, {0.33f, t}, {0.33f, m}, {0.22f, m}}, w, white);  // P
}

void draw_bench(Pen& pen, const Look& look) {
  const Ink wood(look.main, 0.2f, 0.09f), iron(Rgb{48, 50, 54}, 0.2f);
  for (const float x : {-1.35f, 1.35f}) {
    pen.line({{x, -0.95f}, {x, 0.95f}}, 0.13f, iron);
    pen.line({{x * 1.12f, 0.2f}, {x * 1.12f, 0.98f}}, 0.13f, iron);
  }
  for (int i = 0; i < 3; ++i) {
    const float y = -0.9f + 0.34f * static_cast<float>(i);
    pen.box(-1.6f, y, 1.6f, y + 0.23f, wood, 0.05f);
  }
  pen.polygon({{-1.52f, 0.12f}, {1.52f, 0.12f}, {1.68f, 0.34f}, {-1.68f, 0.34f}},
              Ink(scaled(look.main, 1.1f), 0.1f, 0.09f));
  pen.box(-1.68f, 0.34f, 1.68f, 0.48f, Ink(shadow(look.main), 0.1f, 0.09f));
}

void draw_umbrella(Pen& pen, const Look& look) {
  pen.line({{0, -0.9f}, {0, 0.8f}}, 0.055f, Ink(kPole, 0.2f));
  pen.line({{0, 0.75f}, {0.0f, 0.9f}, {0.08f, 0.97f}, {0.17f, 0.92f}, {0.18f, 0.82f}}, 0.07f,
           Ink(Rgb{96, 60, 34}, 0.1f), true);
  const Rgb other =
      look.vary[0] > 0.5f ? mix(look.main, Rgb{255, 255, 255}, 0.6f) : shadow(look.main);
  pen.blob({{-1.02f, 0.08f},
            {-0.85f, -0.45f},
            {-0.4f, -0.82f},
            {0, -0.9f},
            {0.4f, -0.82f},
            {0.85f, -0.45f},
            {1.02f, 0.08f},
            {0.7f, -0.02f},
            {0.35f, 0.1f},
            {0, 0.0f},
            {-0.35f, 0.1f},
            {-0.7f, -0.02f}},
           Ink(look.main, 0.3f, 0.03f));
  pen.polygon({{0, -0.9f}, {-0.45f, -0.4f}, {-0.7f, -0.02f}, {-0.35f, 0.08f}},
              Ink(other, 0.25f, 0.03f));
  pen.polygon({{0, -0.9f}, {0.45f, -0.4f}, {0.7f, -0.02f}, {0.35f, 0.08f}},
              Ink(other, 0.25f, 0.03f));
  pen.line({{0, -0.86f}, {0, -0.99f}}, 0.05f, Ink(kPole, 0));
}

void draw_tree(Pen& pen, const Look& look) {
  const Rgb bark{104, 72, 46};
  const Rgb leaf = mix(Rgb{44, 118, 48}, Rgb{108, 158, 52}, look.vary[1]);
  if (look.vary[0] > 0.62f) {  // a fir
    pen.box(-0.09f, 0.6f, 0.09f, 1.0f, Ink(bark, 0.4f, 0.12f));
    const Rgb needle = mix(Rgb{28, 92, 58}, Rgb{40, 112, 62}, look.vary[1]);
    for (int i = 0; i < 3; ++i) {
      const float y = 0.68f - 0.46f * static_cast<float>(i),
                  w = 0.66f - 0.16f * static_cast<float>(i);
      pen.polygon({{-w, y}, {0, y - 0.76f}, {w, y}, {0, y - 0.08f}},
                  Ink(scaled(needle, 0.9f + 0.12f * static_cast<float>(i)), 0.3f, 0.2f));
    }
    return;
  }
  pen.polygon({{-0.1f, 0.05f}, {0.1f, 0.05f}, {0.17f, 1.0f}, {-0.17f, 1.0f}},
              Ink(bark, 0.4f, 0.14f));
  static constexpr float kCrown[][3] = {{-0.38f, -0.1f, 0.32f}, {0.38f, -0.12f, 0.32f},
                                        {0.0f, 0.0f, 0.34f},    {-0.34f, -0.45f, 0.32f},
                                        {0.34f, -0.46f, 0.33f}, {0.0f, -0.62f, 0.37f},
                                        {0.02f, -0.32f, 0.36f}};
  for (const auto& c : kCrown) pen.ellipse(c[0], c[1], c[2], c[2], Ink(leaf, 0.42f, 0.26f));
}

void draw_house(Pen& pen, const Look& look) {
  const Rgb roof = look.vary[0] > 0.5f ? Rgb{150, 66, 48} : Rgb{86, 80, 88};
  pen.box(0.4f, -0.9f, 0.62f, -0.3f, Ink(Rgb{136, 82, 66}, 0.2f, 0.1f));
  pen.box(-0.9f, -0.2f, 0.9f, 1.0f, Ink(look.main, 0.2f, 0.06f));
  pen.polygon({{-1.08f, -0.12f}, {0, -1.0f}, {1.08f, -0.12f}}, Ink(roof, 0.25f, 0.12f));
  pen.box(-0.2f, 0.36f, 0.2f, 1.0f, Ink(Rgb{98, 62, 40}, 0.15f, 0.05f), 0.03f);
  pen.ellipse(0.12f, 0.7f, 0.035f, 0.035f, Ink(Rgb{230, 200, 90}, 0, 0));
  for (const float x : {-0.56f, 0.56f}) {
    pen.box(x - 0.2f, 0.1f, x + 0.2f, 0.52f, Ink(Rgb{245, 243, 236}, 0, 0.02f));
    pen.box(x - 0.15f, 0.15f, x + 0.15f, 0.47f, Ink(Rgb{112, 160, 190}, 0.2f, 0.02f));
    pen.line({{x, 0.14f}, {x, 0.48f}}, 0.035f, Ink(Rgb{245, 243, 236}, 0, 0));
  }
  pen.ellipse(0, -0.42f, 0.14f, 0.14f, Ink(Rgb{112, 160, 190}, 0.2f, 0.02f));
}

void draw_kite(Pen& pen, const Look& look) {
  const Rgb c = look.main, other = look.second;
  pen.line({{0, 0.3f}, {0.18f, 0.55f}, {-0.1f, 0.78f}, {0.14f, 0.98f}}, 0.03f,
           Ink(Rgb{240, 236, 220}, 0, 0), true);
  for (const Point p : {Point{0.14f, 0.52f}, Point{-0.05f, 0.75f}, Point{0.1f, 0.94f}}) {
    pen.polygon({{p.x, p.y}, {p.x - 0.13f, p.y - 0.07f}, {p.x - 0.13f, p.y + 0.07f}},
                Ink(other, 0.1f));
    pen.polygon({{p.x, p.y}, {p.x + 0.13f, p.y - 0.07f}, {p.x + 0.13f, p.y + 0.07f}},
                Ink(other, 0.1f));
  }
  pen.polygon({{0, -1.0f}, {0.6f, -0.4f}, {0, 0.36f}, {-0.6f, -0.4f}}, Ink(c, 0.15f, 0.02f));
  pen.polygon({{0, -1.0f}, {0.6f, -0.4f}, {0, -0.4f}},
              Ink(mix(c, Rgb{255, 255, 255}, 0.35f), 0.1f, 0.02f));
  pen.polygon({{0, 0.36f}, {-0.6f, -0.4f}, {0, -0.4f}}, Ink(shadow(c), 0.1f, 0.02f));
  pen.line({{0, -0.98f}, {0, 0.34f}}, 0.035f, Ink(Rgb{90, 64, 44}, 0, 0));
  pen.line({{-0.58f, -0.4f}, {0.58f, -0.4f}}, 0.035f, Ink(Rgb{90, 64, 44}, 0, 0));
}

}  // namespace vigor::scenes
