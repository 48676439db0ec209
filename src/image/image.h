// Pictures as the reference sees them: decoding (OpenCV, libjpeg), Pillow's resize, and the
// preprocessing that each vision tower needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace vigor {

// 8-bit RGB, rows from top to bottom, pixels interleaved: rgb[(y * width + x) * 3 + channel].
struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> rgb;
};

}  // namespace vigor
