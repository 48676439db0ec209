// Inside of the image room: the last step of both preprocessors, pixel to float.
#pragma once

#include <array>
#include <string>

#include "base/json.h"
#include "image/image.h"

namespace vigor {

struct NormalizeOptions {
  double rescale = 1.0 / 255;
  bool normalize = true;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> std = {1, 1, 1};
};

// [channel][value]: all that a pixel can become.
using NormalizeTable = std::array<std::array<float, 256>, 3>;

// float32(value * rescale), minus float32(mean), divided by float32(std), each rounded to float32:
// the reference rescales in float64, then works in float32.
NormalizeTable make_normalize_table(const NormalizeOptions& options);

// Writes [3, height, width] into planes of `plane_height` rows of `row` floats, of which the first
// image.height rows and image.width columns are written.
void normalize(const Image& image, const NormalizeTable& table, float* out, size_t row,
               size_t plane_height);

// A list of three numbers; one number stands for all three. Throws Error naming the key.
std::array<double, 3> read_channel_values(ObjectReader& reader, const std::string& key,
                                          const std::array<double, 3>& fallback);
// Throws Error unless all are above 0.
void check_deviations(const std::array<double, 3>& std, const std::string& where);

}  // namespace vigor
