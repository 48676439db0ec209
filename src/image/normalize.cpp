#include "image/normalize.h"

#include "base/error.h"

namespace vigor {

NormalizeTable make_normalize_table(const NormalizeOptions& options) {
  NormalizeTable table;
  for (size_t c = 0; c < 3; ++c) {
    const float mean = static_cast<float>(options.mean[c]);
    const float deviation = static_cast<float>(options.std[c]);
    for (int value = 0; value < 256; ++value) {
      const float scaled = static_cast<float>(value * options.rescale);
      table[c][value] = options.normalize ? (scaled - mean) / deviation : scaled;
    }
  }
  return table;
}

void normalize(const Image& image, const NormalizeTable& table, float* out, size_t row,
               size_t plane_height) {
  const size_t width = image.width;
  const size_t plane = plane_height * row;
  for (size_t y = 0; y < static_cast<size_t>(image.height); ++y) {
    const uint8_t* in = &image.rgb[3 * width * y];
    float* red = out + y * row;
    float* green = red + plane;
    float* blue = green + plane;
    for (size_t x = 0; x < width; ++x) {
      red[x] = table[0][in[3 * x]];
      green[x] = table[1][in[3 * x + 1]];
      blue[x] = table[2][in[3 * x + 2]];
    }
  }
}

std::array<double, 3> read_channel_values(ObjectReader& reader, const std::string& key,
                                          const std::array<double, 3>& fallback) {
  const Json* value = reader.find(key);
  if (value == nullptr || value->is_null()) return fallback;
  if (value->is_number()) {
    const double all = value->get<double>();
    return {all, all, all};
  }
  std::array<double, 3> numbers;
  bool good = value->is_array() && value->size() == 3;
  for (size_t c = 0; good && c < 3; ++c) {
    good = (*value)[c].is_number();
    if (good) numbers[c] = (*value)[c].get<double>();
  }
  if (!good) {
    throw Error(
        {.what = "key '" + key + "' must be a list of three numbers", .where = reader.where()});
  }
  return numbers;
}

void check_deviations(const std::array<double, 3>& std, const std::string& where) {
  for (const double value : std) {
    if (!(value > 0)) throw Error({.what = "key 'image_std' must be above 0", .where = where});
  }
}

}  // namespace vigor
