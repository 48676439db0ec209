// Furniture, tableware, fruit and toys.
#include "scenes/kinds.h"

namespace vigor::scenes {
namespace {

Rgb shade(Rgb c) {
  return scaled(c, 0.68f);
}
Rgb pale(Rgb c) {
  return mix(c, Rgb{255, 255, 255}, 0.55f);
}
constexpr Rgb kEnamel{246, 246, 242};
constexpr Rgb kSoot{34, 32, 32};

}  // namespace

void draw_chair(Pen& pen, const Look& look) {
  const Ink wood(look.main, 0.25f, 0.06f), back(shade(look.main), 0.2f, 0.06f);
  pen.line({{-0.3f, 0.15f}, {-0.3f, 0.82f}}, 0.1f, back);
  pen.line({{0.5f, 0.15f}, {0.5f, 0.82f}}, 0.1f, back);
  pen.box(-0.42f, -1.0f, 0.3f, -0.8f, wood, 0.06f);
  for (const float x : {-0.37f, 0.24f}) pen.line({{x, -0.9f}, {x, 0.1f}}, 0.11f, wood);
  if (look.vary[0] > 0.5f) {
    pen.box(-0.36f, -0.78f, 0.24f, -0.25f, Ink(scaled(look.main, 0.85f), 0.2f, 0.06f));
  } else {
    for (const float y : {-0.6f, -0.32f}) pen.line({{-0.36f, y}, {0.24f, y}}, 0.12f, back);
  }
  pen.polygon({{-0.44f, 0.0f}, {0.34f, 0.0f}, {0.55f, 0.2f}, {-0.5f, 0.2f}},
              Ink(scaled(look.main, 1.12f), 0.1f, 0.05f));
  pen.box(-0.5f, 0.2f, 0.55f, 0.3f, back);
  pen.line({{-0.45f, 0.28f}, {-0.48f, 0.95f}}, 0.1f, wood);
  pen.line({{0.42f, 0.28f}, {0.42f, 0.95f}}, 0.1f, wood);
}

void draw_table(Pen& pen, const Look& look) {
  const Ink leg(shade(look.main), 0.3f, 0.06f);
  for (const float x : {-1.05f, 1.05f})
    pen.box(x - 0.08f, -0.5f, x + 0.08f, 0.78f, Ink(scaled(look.main, 0.5f), 0.2f));
  pen.polygon({{-1.25f, -0.98f}, {1.25f, -0.98f}, {1.58f, -0.48f}, {-1.58f, -0.48f}},
              Ink(scaled(look.main, 1.1f), 0.12f, 0.08f));
  pen.box(-1.58f, -0.48f, 1.58f, -0.28f, Ink(shade(look.main), 0.1f, 0.05f));
  for (const float x : {-1.38f, 1.38f}) pen.box(x - 0.11f, -0.28f, x + 0.11f, 1.0f, leg);
}

void draw_lamp(Pen& pen, const Look& look) {
  pen.ellipse(0, 0.9f, 0.34f, 0.1f, Ink(Rgb{120, 92, 60}, 0.3f));
  pen.line({{0, 0.88f}, {0, -0.2f}}, 0.09f, Ink(Rgb{176, 142, 84}, 0.4f));
  pen.ellipse(0, 0.4f, 0.13f, 0.2f, Ink(Rgb{176, 142, 84}, 0.4f));
  pen.polygon({{-0.3f, -1.0f}, {0.3f, -1.0f}, {0.57f, -0.1f}, {-0.57f, -0.1f}},
              Ink(look.main, 0.3f, 0.03f));
  pen.polygon({{-0.14f, -0.98f}, {0.14f, -0.98f}, {0.26f, -0.12f}, {-0.26f, -0.12f}},
              Ink(mix(look.main, Rgb{255, 244, 200}, 0.45f), 0.1f, 0.02f));
  pen.box(-0.58f, -0.16f, 0.58f, -0.06f, Ink(shade(look.main), 0.1f));
}

void draw_clock(Pen& pen, const Look& look) {
  pen.ellipse(0, 0, 0.99f, 0.99f, Ink(look.main, 0.35f, 0.03f));
  pen.ellipse(0, 0, 0.78f, 0.78f, Ink(kEnamel, 0.06f, 0.02f));
  for (int i = 0; i < 12; ++i) {
    const Point d = direction(static_cast<float>(i) / 12.0f);
    const float inner = i % 3 == 0 ? 0.54f : 0.62f;
    pen.line({{d.x * inner, d.y * inner}, {d.x * 0.7f, d.y * 0.7f}}, i % 3 == 0 ? 0.08f : 0.05f,
             Ink(kSoot, 0, 0));
  }
  const Point hour = direction(look.vary[0]), minute = direction(look.vary[1]);
  pen.line({{0, 0}, {hour.x * 0.36f, hour.y * 0.36f}}, 0.11f, Ink(kSoot, 0, 0));
  pen.line({{0, 0}, {minute.x * 0.58f, minute.y * 0.58f}}, 0.07f, Ink(kSoot, 0, 0));
  pen.ellipse(0, 0, 0.08f, 0.08f, Ink(Rgb{190, 40, 36}, 0, 0));
}

void draw_cup(Pen& pen, const Look& look) {
  pen.ring(0.78f, 0.05f, 0.3f, 0.42f, 0.17f, Ink(shade(look.main), 0.2f, 0.02f));
  pen.blob({{-0.78f, -0.75f},
            {0.0f, -0.72f},
            {0.78f, -0.75f},
            {0.74f, 0.0f},
            {0.58f, 0.85f},
            {0.0f, 0.99f},
            {-0.58f, 0.85f},
            {-0.74f, 0.0f}},
           Ink(look.main, 0.38f, 0.02f));
  if (look.vary[1] > 0.6f)
    pen.box(-0.72f, -0.1f, 0.72f, 0.2f, Ink(pale(look.main), 0.3f, 0.02f), 0.05f);
  pen.ellipse(0, -0.75f, 0.78f, 0.22f, Ink(pale(look.main), 0.1f, 0.02f));
  pen.ellipse(0, -0.73f, 0.66f, 0.16f,
              Ink(look.vary[0] > 0.5f ? Rgb{72, 42, 24} : shade(look.main), 0.1f, 0.02f));
}

void draw_bottle(Pen& pen, const Look& look) {
  pen.blob({{-0.11f, -0.85f},
            {0.11f, -0.85f},
            {0.12f, -0.45f},
            {0.3f, -0.15f},
            {0.32f, 0.3f},
            {0.31f, 0.95f},
            {0.0f, 1.0f},
            {-0.31f, 0.95f},
            {-0.32f, 0.3f},
            {-0.3f, -0.15f},
            {-0.12f, -0.45f}},
           Ink(look.main, 0.42f, 0.02f));
  pen.box(-0.14f, -1.0f, 0.14f, -0.82f,
          Ink(look.vary[0] > 0.5f ? Rgb{196, 40, 40} : Rgb{196, 164, 84}, 0.3f), 0.03f);
  pen.box(-0.31f, 0.12f, 0.31f, 0.6f, Ink(Rgb{240, 232, 206}, 0.3f, 0.03f));
  pen.line({{-0.18f, 0.28f}, {0.18f, 0.28f}}, 0.06f, Ink(look.second, 0, 0));
  pen.line({{-0.18f, 0.44f}, {0.1f, 0.44f}}, 0.04f, Ink(kSoot, 0, 0));
  pen.line({{-0.2f, -0.08f}, {-0.2f, 0.06f}}, 0.05f, Ink(pale(look.main), 0, 0));
}

void draw_book(Pen& pen, const Look& look) {
  if (look.vary[0] > 0.55f) {  // open
    pen.polygon(
        {{-1.22f, -0.75f}, {0, -0.6f}, {1.22f, -0.75f}, {1.22f, 0.85f}, {0, 1.0f}, {-1.22f, 0.85f}},
        Ink(look.main, 0.1f));
    pen.blob({{-1.0f, -0.62f},
              {-0.5f, -0.9f},
              {-0.02f, -0.68f},
              {-0.02f, 0.86f},
              {-0.5f, 0.64f},
              {-1.0f, 0.72f}},
             Ink(kEnamel, 0.14f, 0.02f));
    pen.blob({{1.0f, -0.62f},
              {0.5f, -0.9f},
              {0.02f, -0.68f},
              {0.02f, 0.86f},
              {0.5f, 0.64f},
              {1.0f, 0.72f}},
             Ink(scaled(kEnamel, 0.93f), 0.14f, 0.02f));
    for (int i = 0; i < 4; ++i) {
      const float y = -0.55f + 0.3f * static_cast<float>(i);
      for (const float s : {-1.0f, 1.0f})
        pen.line({{s * 0.92f, y - 0.04f}, {s * 0.22f, y + 0.06f}}, 0.06f,
                 Ink(Rgb{120, 120, 126}, 0, 0));
    }
    return;
  }
  pen.polygon({{-0.8f, -0.95f}, {0.9f, -0.95f}, {1.2f, 0.55f}, {-1.0f, 0.55f}},
              Ink(look.main, 0.14f, 0.03f));
  pen.polygon({{-1.0f, 0.55f}, {1.2f, 0.55f}, {1.16f, 0.85f}, {-1.06f, 0.85f}},
              Ink(kEnamel, 0.08f, 0.08f));
  pen.polygon({{-1.12f, 0.8f}, {1.2f, 0.8f}, {1.2f, 0.96f}, {-1.12f, 0.96f}},
              Ink(shade(look.main), 0.1f));
  pen.polygon({{-0.8f, -0.95f}, {-0.62f, -0.95f}, {-0.88f, 0.55f}, {-1.0f, 0.55f}},
              Ink(shade(look.main), 0));
  pen.polygon({{-0.35f, -0.65f}, {0.6f, -0.65f}, {0.68f, -0.3f}, {-0.42f, -0.3f}},
              Ink(pale(look.main), 0.05f, 0.02f));
}

void draw_laptop(Pen& pen, const Look& look) {
  static constexpr Rgb kScreens[] = {{60, 130, 200}, {46, 160, 150}, {32, 44, 70}};
  pen.box(-1.0f, -1.0f, 1.0f, 0.42f, Ink(look.main, 0.15f, 0.02f), 0.08f);
  pen.box(-0.9f, -0.9f, 0.9f, 0.3f,
          Ink(kScreens[static_cast<int>(look.vary[0] * 2.99f)], 0.2f, 0.02f));
  pen.box(-0.75f, -0.72f, 0.1f, -0.55f, Ink(Rgb{240, 240, 240}, 0, 0));
  pen.box(-0.75f, -0.42f, 0.5f, -0.32f, Ink(Rgb{200, 216, 230}, 0, 0));
  pen.box(-0.75f, -0.2f, 0.35f, -0.1f, Ink(Rgb{200, 216, 230}, 0, 0));
  pen.polygon({{-1.0f, 0.42f}, {1.0f, 0.42f}, {1.28f, 0.9f}, {-1.28f, 0.9f}},
              Ink(scaled(look.main, 0.9f), 0.1f, 0.02f));
  pen.polygon({{-0.88f, 0.48f}, {0.88f, 0.48f}, {1.0f, 0.7f}, {-1.0f, 0.7f}},
              Ink(mix(look.main, kSoot, 0.7f), 0, 0.14f));
  pen.polygon({{-0.26f, 0.74f}, {0.26f, 0.74f}, {0.3f, 0.86f}, {-0.3f, 0.86f}},
              Ink(shade(look.main), 0));
  pen.box(-1.28f, 0.9f, 1.28f, 1.0f, Ink(shade(look.main), 0), 0.03f);
}

void draw_vase(Pen& pen, const Look& look) {
  static constexpr Rgb kPetals[] = {
      {232, 70, 90}, {250, 200, 60}, {240, 240, 244}, {220, 120, 210}};
  const Rgb petal = kPetals[static_cast<int>(look.vary[0] * 3.99f)];
  const Ink stem(Rgb{58, 120, 56}, 0.1f);
  static constexpr Point kFlowers[] = {{-0.4f, -0.55f}, {0.0f, -0.74f}, {0.38f, -0.52f}};
  for (const Point& f : kFlowers)
    pen.line({{0, 0.15f}, {f.x * 0.7f, -0.2f}, {f.x, f.y}}, 0.05f, stem, true);
  pen.ellipse(-0.26f, -0.12f, 0.2f, 0.08f, stem, 0.08f);
  pen.ellipse(0.26f, -0.14f, 0.2f, 0.08f, stem, -0.08f);
  for (const Point& f : kFlowers) {
    for (int i = 0; i < 5; ++i) {
      const Point d = direction(static_cast<float>(i) * 0.2f + f.x);
      pen.ellipse(f.x + d.x * 0.13f, f.y + d.y * 0.13f, 0.115f, 0.115f, Ink(petal, 0.2f, 0.03f));
    }
    pen.ellipse(
        f.x, f.y, 0.08f, 0.08f,
        Ink(petal.g > 180 && petal.b < 100 ? Rgb{150, 90, 30} : Rgb{246, 206, 70}, 0.1f, 0));
  }
  pen.blob({{-0.22f, 0.08f},
            {0.22f, 0.08f},
            {0.2f, 0.24f},
            {0.44f, 0.55f},
            {0.28f, 0.95f},
            {0.0f, 1.0f},
            {-0.28f, 0.95f},
            {-0.44f, 0.55f},
            {-0.2f, 0.24f}},
           Ink(look.main, 0.4f, 0.02f));
  if (look.vary[1] > 0.5f)
    pen.line({{-0.4f, 0.55f}, {0, 0.62f}, {0.4f, 0.55f}}, 0.09f, Ink(pale(look.main), 0.2f, 0),
             true);
}

void draw_apple(Pen& pen, const Look& look) {
  pen.blob({{0, -0.5f},
            {0.4f, -0.68f},
            {0.85f, -0.35f},
            {0.9f, 0.25f},
            {0.55f, 0.85f},
            {0.2f, 0.98f},
            {0, 0.9f},
            {-0.2f, 0.98f},
            {-0.55f, 0.85f},
            {-0.9f, 0.25f},
            {-0.85f, -0.35f},
            {-0.4f, -0.68f}},
           Ink(look.main, 0.4f, 0.04f));
  pen.ellipse(0, -0.5f, 0.25f, 0.08f, Ink(shade(look.main), 0, 0));
  pen.line({{0, -0.5f}, {0.04f, -0.75f}, {0.12f, -0.95f}}, 0.1f, Ink(Rgb{88, 58, 34}, 0), true);
  pen.blob({{0.12f, -0.75f}, {0.35f, -0.98f}, {0.68f, -0.9f}, {0.45f, -0.7f}},
           Ink(Rgb{70, 146, 54}, 0.2f));
  pen.ellipse(-0.42f, -0.18f, 0.13f, 0.22f, Ink(mix(look.main, Rgb{255, 255, 255}, 0.5f), 0, 0),
              0.08f);
}

void draw_banana(Pen& pen, const Look& look) {
  const Rgb yellow = mix(Rgb{248, 214, 64}, Rgb{222, 206, 70}, look.vary[0]);
  const int fingers = look.vary[1] > 0.5f ? 2 : 1;
  for (int i = fingers - 1; i >= 0; --i) {
    const float y = -0.3f * static_cast<float>(i);
    pen.blob({{-1.55f, -0.45f + y},
              {-1.35f, -0.62f + y},
              {-0.8f, 0.0f + y},
              {0.0f, 0.26f + y},
              {0.85f, 0.05f + y},
              {1.45f, -0.6f},
              {1.62f, -0.5f},
              {1.3f, 0.35f + y},
              {0.5f, 0.9f + y},
              {-0.4f, 0.9f + y},
              {-1.15f, 0.4f + y}},
             Ink(scaled(yellow, i == 0 ? 1.0f : 0.85f), 0.3f, 0.03f));
    pen.line({{-1.2f, 0.08f + y}, {-0.4f, 0.56f + y}, {0.5f, 0.56f + y}, {1.3f, 0.0f + y}}, 0.06f,
             Ink(scaled(yellow, 0.78f), 0, 0), true);
    pen.ellipse(-1.48f, -0.54f + y, 0.13f, 0.11f, Ink(Rgb{84, 64, 36}, 0));
  }
  pen.line({{1.46f, -0.5f}, {1.6f, -0.9f}}, 0.2f, Ink(Rgb{150, 140, 50}, 0.1f));
}

void draw_orange(Pen& pen, const Look& look) {
  pen.ellipse(0, 0, 0.98f, 0.98f, Ink(Rgb{246, 142, 30}, 0.4f, 0.09f));
  pen.ellipse(-0.32f, -0.35f, 0.22f, 0.17f, Ink(Rgb{255, 196, 120}, 0, 0.06f), 0.9f);
  pen.ellipse(0.1f, -0.62f, 0.1f, 0.07f, Ink(Rgb{90, 120, 44}, 0, 0));
  if (look.vary[0] > 0.5f)
    pen.blob({{0.1f, -0.65f}, {0.4f, -0.92f}, {0.72f, -0.84f}, {0.45f, -0.62f}},
             Ink(Rgb{62, 130, 52}, 0.2f));
}

void draw_ball(Pen& pen, const Look& look) {
  // A beach ball: gores in two colours that meet at a cap.
  pen.ellipse(0, 0, 0.98f, 0.98f, Ink(look.main, 0.4f, 0.02f));
  const Ink white(Rgb{246, 246, 242}, 0.3f, 0.02f);
  pen.blob({{-0.12f, -0.3f},
            {-0.5f, -0.78f},
            {-0.25f, -0.93f},
            {0.12f, -0.93f},
            {0.22f, -0.75f},
            {0.1f, -0.3f}},
           white);
  pen.blob(
      {{0.15f, -0.15f}, {0.7f, -0.1f}, {0.95f, 0.1f}, {0.82f, 0.48f}, {0.55f, 0.45f}, {0.1f, 0.0f}},
      white);
  pen.blob({{-0.15f, -0.1f},
            {-0.5f, 0.35f},
            {-0.72f, 0.62f},
            {-0.4f, 0.88f},
            {-0.1f, 0.7f},
            {0.0f, 0.0f}},
           white);
  pen.ellipse(0, -0.15f, 0.2f, 0.18f, Ink(shade(look.main), 0.1f, 0));
}

}  // namespace vigor::scenes
