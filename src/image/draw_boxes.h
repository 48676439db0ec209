// Boxes with labels drawn onto a picture, for a person to look at.
#pragma once

#include <array>
#include <span>
#include <string>

#include "image/image.h"

namespace vigor {

struct LabelledBox {
  std::array<float, 4> box = {};  // x0, y0, x1, y1 in pixels; what lies outside is cut
  std::string label;              // ASCII is drawn in capitals, any other character as '?'
};

// One colour for each label, the same in every picture; lines and letters grow with the picture.
void draw_boxes(Image& image, std::span<const LabelledBox> boxes);

}  // namespace vigor
