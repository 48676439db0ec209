// Makes PNG files of the kinds that encode_png does not write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vigor::testing {

struct PngFile {
  int height = 1;
  int width = 1;
  int colour_type = 0;  // PNG_COLOR_TYPE_*
  int bit_depth = 8;
  bool interlaced = false;
  std::vector<uint8_t> data = {};     // rows as PNG stores them (packed, big-endian)
  std::vector<uint8_t> palette = {};  // r, g, b of each entry
  std::vector<uint8_t> alpha = {};    // tRNS of palette entries
  int transparent_grey = -1;          // tRNS of grey pictures
};

std::string write_png(const PngFile& file);

}  // namespace vigor::testing
