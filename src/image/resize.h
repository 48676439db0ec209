// Pillow's resize: the field's reference. Bicubic (a = -0.5) and bilinear *with antialiasing*: the
// filter's support grows with the reduction. Two passes, horizontal first, 8-bit in between,
// 22-bit fixed-point coefficients, rounding and clipping after each pass. Bit-exact with Pillow.
#pragma once

#include "image/image.h"

namespace vigor {

enum class Filter { kBilinear, kBicubic };

// Pillow's number (PIL.Image.Resampling: 2 bilinear, 3 bicubic), as preprocessor_config.json
// writes it. Throws Error for any other.
Filter filter_from_pillow(int resample, const std::string& where);

// A rectangle of a resized picture. It must lie inside of it.
struct Window {
  int top = 0;
  int left = 0;
  int height = 0;
  int width = 0;
};

// The whole picture at height x width, both >= 1.
Image resize(const Image& image, int height, int width, Filter filter);

// The `window` of resize(image, height, width, filter); what lies outside is not computed.
Image resize_window(const Image& image, int height, int width, Filter filter, const Window& window);

}  // namespace vigor
