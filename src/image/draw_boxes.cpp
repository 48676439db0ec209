#include "image/draw_boxes.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/random.h"

namespace vigor {
namespace {

using Colour = std::array<uint8_t, 3>;

// Letters of 3 x 5 dots: one octal digit a row, from the top. A drawing library would bring window
// systems along for these.
constexpr std::string_view kLetters[] = {
    "25755", "65656", "34443", "65556", "74647", "74644", "34553", "55755", "72227",
    "11152", "55655", "44447", "57755", "65555", "25552", "65644", "25563", "65655",
    "34216", "72222", "55557", "55552", "55775", "55255", "55222", "71247"};
constexpr std::string_view kDigits[] = {"75557", "26227", "71747", "71717", "55711",
                                        "74717", "74757", "71244", "75757", "75717"};

std::string_view dots_of(char c) {
  if (c >= 'a' && c <= 'z') return kLetters[c - 'a'];
  if (c >= 'A' && c <= 'Z') return kLetters[c - 'A'];
  if (c >= '0' && c <= '9') return kDigits[c - '0'];
  switch (c) {
    case ' ':
      return "00000";
    case '.':
      return "00002";
    case ',':
      return "00024";
    case '-':
      return "00700";
    case '\'':
      return "22000";
    case '/':
      return "11244";
    case '[':
    case '(':
      return "64446";
    case ']':
    case ')':
      return "31113";
    default:
      return "71202";
  }
}

void fill(Image& image, int64_t x0, int64_t y0, int64_t x1, int64_t y1, const Colour& colour) {
  for (int64_t y = std::max<int64_t>(y0, 0); y < std::min<int64_t>(y1, image.height); ++y) {
    for (int64_t x = std::max<int64_t>(x0, 0); x < std::min<int64_t>(x1, image.width); ++x) {
      std::copy(colour.begin(), colour.end(), image.rgb.begin() + (y * image.width + x) * 3);
    }
  }
}

Colour colour_of(const std::string& label) {
  static constexpr Colour kColours[] = {{230, 25, 75},  {0, 130, 200},  {60, 180, 75},
                                        {245, 130, 48}, {145, 30, 180}, {0, 128, 128},
                                        {240, 50, 230}, {128, 0, 0},    {0, 0, 128}};
  return kColours[fnv1a(label) % std::size(kColours)];
}

// The label's characters as drawn: bytes that go on a UTF-8 character are left out.
std::string drawable(const std::string& label) {
  std::string text;
  for (const char c : label) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) text += c;
  }
  return text;
}

void write(Image& image, int64_t x, int64_t y, int64_t dot, const std::string& text) {
  for (const char c : text) {
    const std::string_view rows = dots_of(c);
    for (int64_t row = 0; row < 5; ++row) {
      for (int64_t column = 0; column < 3; ++column) {
        if (((rows[static_cast<size_t>(row)] - '0') >> (2 - column) & 1) == 0) continue;
        fill(image, x + column * dot, y + row * dot, x + (column + 1) * dot, y + (row + 1) * dot,
             {255, 255, 255});
      }
    }
    x += 4 * dot;
  }
}

// A coordinate of a box as a pixel: held near the picture, so that nothing overflows.
int64_t pixel(float value, int size) {
  if (std::isnan(value)) return 0;
  return static_cast<int64_t>(std::lround(
      std::clamp(value, -2.0f * static_cast<float>(size), 3.0f * static_cast<float>(size))));
}

}  // namespace

void draw_boxes(Image& image, std::span<const LabelledBox> boxes) {
  check_image(image, "the picture to draw on");
  const int64_t line = std::max<int64_t>(1, std::max(image.width, image.height) / 300);
  const int64_t dot = std::max<int64_t>(1, std::max(image.width, image.height) / 360);
  for (const LabelledBox& labelled : boxes) {
    const Colour colour = colour_of(labelled.label);
    const int64_t x0 = pixel(labelled.box[0], image.width);
    const int64_t y0 = pixel(labelled.box[1], image.height);
    const int64_t x1 = pixel(labelled.box[2], image.width);
    const int64_t y1 = pixel(labelled.box[3], image.height);
    fill(image, x0, y0, x1, y0 + line, colour);
    fill(image, x0, y1 - line, x1, y1, colour);
    fill(image, x0, y0, x0 + line, y1, colour);
    fill(image, x1 - line, y0, x1, y1, colour);
  }
  // Labels above all lines; within the picture as far as it is wide enough.
  for (const LabelledBox& labelled : boxes) {
    const std::string text = drawable(labelled.label);
    const int64_t width = (4 * static_cast<int64_t>(text.size()) + 1) * dot;
    const int64_t x =
        std::max<int64_t>(0, std::min(pixel(labelled.box[0], image.width), image.width - width));
    const int64_t y = std::max<int64_t>(0, pixel(labelled.box[1], image.height) - 7 * dot);
    fill(image, x, y, x + width, y + 7 * dot, colour_of(labelled.label));
    write(image, x + dot, y + dot, dot, text);
  }
}

}  // namespace vigor
