// People, animals, and a bear that is stuffed.
#include "scenes/kinds.h"

namespace vigor::scenes {
namespace {

constexpr Rgb kPupil{30, 26, 26};
constexpr Rgb kLight{245, 245, 240};

Rgb fold(Rgb c) {
  return scaled(c, 0.68f);
}

// An eye that can be seen on dark and on light fur.
void eye(Pen& pen, float x, float y, float r) {
  pen.ellipse(x, y, r * 1.5f, r * 1.5f, Ink(kLight, 0, 0));
  pen.ellipse(x, y, r, r, Ink(kPupil, 0, 0));
}

}  // namespace

void draw_person(Pen& pen, const Look& look) {
  static constexpr Rgb kSkins[] = {{244, 206, 178}, {222, 170, 130}, {168, 112, 76}, {108, 70, 48}};
  static constexpr Rgb kHairs[] = {{38, 28, 24}, {96, 60, 34}, {206, 170, 96}, {150, 70, 36}};
  const Rgb skin = kSkins[static_cast<int>(look.vary[0] * 3.99f)];
  const Rgb hair = kHairs[static_cast<int>(look.vary[1] * 3.99f)];
  const Rgb trousers = look.vary[2] < 0.5f ? Rgb{52, 66, 108} : Rgb{84, 76, 70};
  const float stride = 0.05f + 0.12f * look.vary[3];
  const bool raised = look.vary[2] > 0.75f;
  pen.line({{-0.1f, 0.15f}, {-0.1f - stride, 0.9f}}, 0.19f, Ink(trousers, 0.3f));
  pen.line({{0.1f, 0.15f}, {0.1f + stride, 0.9f}}, 0.19f, Ink(scaled(trousers, 0.85f), 0.3f));
  pen.box(-0.24f - stride, 0.88f, -0.02f - stride, 1.0f, kPupil, 0.05f);
  pen.box(0.02f + stride, 0.88f, 0.26f + stride, 1.0f, kPupil, 0.05f);
  if (look.vary[3] > 0.5f) pen.ellipse(0, -0.7f, 0.22f, 0.27f, Ink(hair, 0.2f));  // long hair
  // Sleeves behind, then the shirt.
  pen.line({{-0.2f, -0.42f}, {-0.33f, -0.05f}}, 0.15f, Ink(fold(look.main), 0.2f));
  pen.line({{-0.33f, -0.05f}, {-0.33f, 0.16f}}, 0.1f, skin);
  if (raised) {
    pen.line({{0.2f, -0.42f}, {0.36f, -0.62f}}, 0.15f, Ink(fold(look.main), 0.2f));
    pen.line({{0.36f, -0.62f}, {0.34f, -0.88f}}, 0.1f, skin);
  } else {
    pen.line({{0.2f, -0.42f}, {0.33f, -0.05f}}, 0.15f, Ink(fold(look.main), 0.2f));
    pen.line({{0.33f, -0.05f}, {0.33f, 0.16f}}, 0.1f, skin);
  }
  pen.blob({{-0.22f, -0.5f},
            {0.0f, -0.53f},
            {0.22f, -0.5f},
            {0.24f, -0.2f},
            {0.21f, 0.2f},
            {0.0f, 0.23f},
            {-0.21f, 0.2f},
            {-0.24f, -0.2f}},
           Ink(look.main, 0.32f, 0.07f));
  pen.box(-0.09f, -0.64f, 0.09f, -0.47f, Ink(scaled(skin, 0.9f), 0));
  pen.ellipse(0, -0.77f, 0.165f, 0.2f, Ink(skin, 0.25f, 0.03f));
  pen.blob({{-0.18f, -0.78f},
            {-0.15f, -0.96f},
            {0, -1.0f},
            {0.15f, -0.96f},
            {0.18f, -0.78f},
            {0.08f, -0.88f},
            {-0.08f, -0.88f}},
           Ink(hair, 0.2f, 0.1f));
  pen.ellipse(-0.06f, -0.77f, 0.022f, 0.026f, Ink(kPupil, 0, 0));
  pen.ellipse(0.06f, -0.77f, 0.022f, 0.026f, Ink(kPupil, 0, 0));
  pen.arc(0, -0.7f, 0.06f, 0.035f, 0.05f, 0.45f, 0.022f, Ink(Rgb{150, 60, 56}, 0, 0));
}

void draw_dog(Pen& pen, const Look& look) {
  const Rgb coat = look.main, dark = fold(coat);
  const float tail = -0.45f - 0.3f * look.vary[0];
  pen.line({{-0.8f, -0.05f}, {-1.0f, tail * 0.6f}, {-1.14f, tail}}, 0.15f, coat, true);
  for (const float x : {-0.62f, 0.36f}) pen.box(x, 0.2f, x + 0.17f, 0.96f, Ink(dark, 0.2f), 0.06f);
  pen.blob({{-0.88f, 0.05f},
            {-0.6f, -0.2f},
            {0, -0.16f},
            {0.5f, -0.26f},
            {0.62f, 0.1f},
            {0.45f, 0.42f},
            {-0.1f, 0.38f},
            {-0.7f, 0.42f}},
           Ink(coat, 0.35f, 0.1f));
  for (const float x : {-0.82f, 0.18f}) pen.box(x, 0.25f, x + 0.2f, 1.0f, Ink(coat, 0.2f), 0.07f);
  if (look.vary[1] > 0.5f)
    pen.ellipse(-0.25f, 0.02f, 0.24f, 0.15f,
                Ink(mix(coat, coat.r > 150 ? kPupil : kLight, 0.45f), 0.2f, 0.1f));
  pen.blob({{0.3f, -0.05f}, {0.42f, -0.6f}, {0.75f, -0.6f}, {0.7f, 0.1f}}, Ink(coat, 0.25f, 0.1f));
  pen.box(0.36f, -0.25f, 0.7f, -0.14f, Ink(Rgb{196, 44, 40}, 0, 0), 0.04f);  // collar
  pen.ellipse(0.6f, -0.62f, 0.32f, 0.28f, Ink(coat, 0.3f, 0.08f));
  pen.blob({{0.62f, -0.7f},
            {0.95f, -0.64f},
            {1.15f, -0.55f},
            {1.1f, -0.4f},
            {0.8f, -0.36f},
            {0.6f, -0.42f}},
           Ink(coat, 0.25f, 0.06f));
  pen.ellipse(1.14f, -0.57f, 0.09f, 0.075f, Ink(kPupil, 0.1f, 0));
  pen.blob({{0.38f, -0.86f}, {0.54f, -0.82f}, {0.5f, -0.46f}, {0.38f, -0.3f}, {0.27f, -0.42f}},
           Ink(dark, 0.2f));
  eye(pen, 0.72f, -0.68f, 0.045f);
  if (look.vary[2] > 0.5f) pen.ellipse(0.98f, -0.32f, 0.06f, 0.11f, Ink(Rgb{224, 96, 110}, 0, 0));
}

void draw_cat(Pen& pen, const Look& look) {
  // Sitting, seen from the front and a little from the side.
  const Rgb coat = look.main, dark = fold(coat);
  pen.line({{0.34f, 0.85f}, {0.7f, 0.7f}, {0.74f, 0.25f}, {0.6f, 0.05f}}, 0.14f, dark, true);
  pen.blob({{0, -0.25f},
            {0.3f, 0.0f},
            {0.48f, 0.55f},
            {0.44f, 0.95f},
            {0, 1.0f},
            {-0.44f, 0.95f},
            {-0.48f, 0.55f},
            {-0.3f, 0.0f}},
           Ink(coat, 0.35f, 0.1f));
  pen.ellipse(0, 0.35f, 0.2f, 0.34f, Ink(mix(coat, kLight, 0.45f), 0.2f));
  pen.line({{-0.14f, 0.45f}, {-0.15f, 0.9f}}, 0.18f, coat);
  pen.line({{0.14f, 0.45f}, {0.15f, 0.9f}}, 0.18f, coat);
  pen.polygon({{-0.44f, -0.98f}, {-0.46f, -0.48f}, {-0.1f, -0.72f}}, Ink(coat, 0.1f));
  pen.polygon({{0.44f, -0.98f}, {0.46f, -0.48f}, {0.1f, -0.72f}}, Ink(coat, 0.1f));
  pen.polygon({{-0.39f, -0.84f}, {-0.39f, -0.6f}, {-0.2f, -0.7f}}, Ink(Rgb{232, 150, 150}, 0));
  pen.polygon({{0.39f, -0.84f}, {0.39f, -0.6f}, {0.2f, -0.7f}}, Ink(Rgb{232, 150, 150}, 0));
  pen.ellipse(0, -0.42f, 0.47f, 0.38f, Ink(coat, 0.3f, 0.08f));
  if (look.vary[1] > 0.4f) {
    for (const float x : {-0.12f, 0.0f, 0.12f})
      pen.line({{x, -0.76f}, {x * 0.8f, -0.58f}}, 0.05f, Ink(dark, 0));
  }
  const Rgb iris = look.vary[2] > 0.5f ? Rgb{120, 200, 90} : Rgb{240, 200, 70};
  for (const float x : {-0.19f, 0.19f}) {
    pen.ellipse(x, -0.46f, 0.1f, 0.09f, Ink(iris, 0, 0));
    pen.ellipse(x, -0.46f, 0.035f, 0.085f, Ink(kPupil, 0, 0));
  }
  pen.ellipse(0, -0.24f, 0.17f, 0.11f, Ink(mix(coat, kLight, 0.5f), 0.1f));
  pen.polygon({{-0.06f, -0.3f}, {0.06f, -0.3f}, {0, -0.23f}}, Ink(Rgb{220, 110, 120}, 0));
  for (const float s : {-1.0f, 1.0f}) {
    pen.line({{s * 0.15f, -0.25f}, {s * 0.55f, -0.3f}}, 0.018f, Ink(Rgb{225, 225, 225}, 0, 0));
    pen.line({{s * 0.15f, -0.22f}, {s * 0.55f, -0.18f}}, 0.018f, Ink(Rgb{225, 225, 225}, 0, 0));
  }
}

void draw_bird(Pen& pen, const Look& look) {
  const Rgb coat = look.main, dark = fold(coat);
  pen.line({{-0.05f, 0.5f}, {-0.08f, 0.95f}}, 0.06f, Ink(Rgb{200, 120, 40}, 0));
  pen.line({{0.15f, 0.5f}, {0.15f, 0.95f}}, 0.06f, Ink(Rgb{200, 120, 40}, 0));
  pen.polygon({{-0.5f, 0.05f}, {-1.3f, 0.12f}, {-1.25f, 0.42f}, {-0.5f, 0.45f}}, Ink(dark, 0.2f));
  pen.blob({{-0.7f, 0.15f},
            {-0.2f, -0.25f},
            {0.4f, -0.35f},
            {0.75f, 0.0f},
            {0.5f, 0.5f},
            {0.0f, 0.62f},
            {-0.5f, 0.5f}},
           Ink(coat, 0.35f, 0.07f));
  pen.ellipse(0.3f, 0.3f, 0.32f, 0.26f, Ink(mix(coat, kLight, 0.6f), 0.2f));
  pen.ellipse(0.62f, -0.45f, 0.4f, 0.38f, Ink(coat, 0.35f, 0.06f));
  pen.polygon({{0.96f, -0.58f}, {1.34f, -0.42f}, {0.95f, -0.3f}}, Ink(Rgb{244, 160, 36}, 0.2f));
  eye(pen, 0.72f, -0.52f, 0.07f);
  if (look.vary[0] > 0.5f) {  // wing raised, else folded
    pen.blob({{0.25f, -0.02f},
              {-0.1f, -0.7f},
              {-0.6f, -0.98f},
              {-0.7f, -0.5f},
              {-0.4f, 0.1f},
              {-0.05f, 0.2f}},
             Ink(dark, 0.3f, 0.1f));
  } else {
    pen.blob({{0.25f, 0.02f},
              {-0.1f, -0.1f},
              {-0.6f, 0.1f},
              {-0.95f, 0.35f},
              {-0.4f, 0.4f},
              {0.05f, 0.3f}},
             Ink(dark, 0.3f, 0.1f));
  }
}

void draw_sheep(Pen& pen, const Look& look) {
  const Rgb wool = look.main;
  const Rgb face = look.main.r < 120 && look.main.g < 90 ? Rgb{205, 195, 185} : Rgb{52, 46, 46};
  for (const float x : {-0.62f, -0.3f, 0.3f, 0.6f})
    pen.box(x - 0.07f, 0.35f, x + 0.08f, 1.0f, Ink(face, 0.2f), 0.05f);
  pen.ellipse(0, 0.05f, 0.85f, 0.5f, Ink(wool, 0.3f, 0.14f));
  static constexpr float kTufts[][2] = {
      {-0.85f, 0.1f}, {-0.7f, -0.25f}, {-0.4f, -0.42f}, {0.0f, -0.5f}, {0.4f, -0.42f},
      {0.7f, -0.2f},  {0.82f, 0.15f},  {0.5f, 0.45f},   {0.1f, 0.5f},  {-0.3f, 0.5f},
      {-0.65f, 0.4f}, {-0.2f, 0.05f},  {0.25f, 0.1f}};
  for (const auto& t : kTufts) pen.ellipse(t[0], t[1], 0.24f, 0.22f, Ink(wool, 0.28f, 0.14f));
  pen.ellipse(0.92f, -0.34f, 0.17f, 0.09f, Ink(scaled(face, 0.85f), 0.1f), 0.08f);
  pen.blob({{0.82f, -0.62f},
            {1.12f, -0.56f},
            {1.24f, -0.12f},
            {1.08f, 0.06f},
            {0.92f, -0.05f},
            {0.78f, -0.35f}},
           Ink(face, 0.3f));
  pen.ellipse(0.92f, -0.62f, 0.22f, 0.15f, Ink(wool, 0.28f, 0.14f));
  pen.ellipse(0.72f, -0.42f, 0.15f, 0.08f, Ink(scaled(face, 0.85f), 0.1f), 0.06f);
  eye(pen, 1.04f, -0.36f, 0.04f);
}

void draw_teddy_bear(Pen& pen, const Look& look) {
  const Rgb coat = look.main, light = mix(coat, Rgb{250, 230, 200}, 0.55f);
  const Ink fur(coat, 0.32f, 0.12f), pale(light, 0.2f, 0.08f);
  for (const float s : {-1.0f, 1.0f}) {
    pen.ellipse(s * 0.33f, -0.83f, 0.17f, 0.17f, fur);
    pen.ellipse(s * 0.33f, -0.83f, 0.09f, 0.09f, pale);
    pen.ellipse(s * 0.5f, 0.15f, 0.17f, 0.32f, fur, s * 0.1f);
  }
  pen.ellipse(0, 0.32f, 0.46f, 0.5f, fur);
  pen.ellipse(0, 0.36f, 0.27f, 0.32f, pale);
  for (const float s : {-1.0f, 1.0f}) {
    pen.ellipse(s * 0.44f, 0.76f, 0.26f, 0.23f, fur);
    pen.ellipse(s * 0.47f, 0.78f, 0.14f, 0.13f, pale);
  }
  pen.ellipse(0, -0.5f, 0.44f, 0.4f, fur);
  pen.ellipse(0, -0.37f, 0.2f, 0.16f, pale);
  pen.ellipse(0, -0.44f, 0.07f, 0.05f, Ink(kPupil, 0.1f, 0));
  pen.arc(0, -0.36f, 0.08f, 0.05f, 0.05f, 0.45f, 0.03f, Ink(kPupil, 0, 0));
  for (const float s : {-1.0f, 1.0f})
    pen.ellipse(s * 0.16f, -0.58f, 0.05f, 0.055f, Ink(kPupil, 0, 0));
  if (look.vary[0] > 0.5f) {  // a bow
    pen.polygon({{0, -0.1f}, {-0.22f, -0.22f}, {-0.22f, 0.04f}}, Ink(look.second, 0.2f));
    pen.polygon({{0, -0.1f}, {0.22f, -0.22f}, {0.22f, 0.04f}}, Ink(look.second, 0.2f));
  }
}

}  // namespace vigor::scenes
