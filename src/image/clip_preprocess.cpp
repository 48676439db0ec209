#include "image/clip_preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "image/normalize.h"

namespace vigor {
namespace {

[[noreturn]] void bad_value(const std::string& where, const std::string& key,
                            const std::string& expected) {
  throw Error({.what = "key '" + key + "' must be " + expected, .where = where});
}

constexpr int kMaxEdge = 1 << 14;

int edge(ObjectReader& reader, const std::string& key) {
  const int value = reader.require<int>(key);
  if (value < 1 || value > kMaxEdge) bad_value(reader.where(), key, "a number of pixels, 1..16384");
  return value;
}

int plain_edge(const Json& value, const std::string& where, const std::string& key) {
  if (!value.is_number_integer() || value < 1 || value > kMaxEdge) {
    bad_value(where, key, "a number of pixels, 1..16384, or an object");
  }
  return value.get<int>();
}

// Floor of a / 2 also for negative numbers, as the reference's a // 2.
int floor_half(int a) {
  return a >> 1;
}

void read_size(ObjectReader& reader, ClipPreprocess& options) {
  const Json* size = reader.find("size");
  if (size == nullptr || size->is_null()) return;
  if (!size->is_object()) {
    options.shortest_edge = plain_edge(*size, reader.where(), "size");
    return;
  }
  ObjectReader child = reader.child("size");
  if (child.has("shortest_edge")) {
    options.shortest_edge = edge(child, "shortest_edge");
  } else {
    options.shortest_edge = 0;
    options.resize_height = edge(child, "height");
    options.resize_width = edge(child, "width");
  }
}

void read_crop_size(ObjectReader& reader, ClipPreprocess& options) {
  const Json* size = reader.find("crop_size");
  if (size == nullptr || size->is_null()) return;
  if (!size->is_object()) {
    options.crop_height = options.crop_width = plain_edge(*size, reader.where(), "crop_size");
    return;
  }
  ObjectReader child = reader.child("crop_size");
  options.crop_height = edge(child, "height");
  options.crop_width = edge(child, "width");
}

}  // namespace

ClipPreprocess parse_clip_preprocess(const Json& config, const std::string& where) {
  ObjectReader reader(config, where);
  ClipPreprocess options;
  options.do_resize = reader.get("do_resize", options.do_resize);
  options.do_center_crop = reader.get("do_center_crop", options.do_center_crop);
  options.do_rescale = reader.get("do_rescale", options.do_rescale);
  options.do_normalize = reader.get("do_normalize", options.do_normalize);
  options.rescale_factor = reader.get("rescale_factor", options.rescale_factor);
  options.filter = filter_from_pillow(reader.get("resample", 3), where);
  options.mean = read_channel_values(reader, "image_mean", options.mean);
  options.std = read_channel_values(reader, "image_std", options.std);
  check_deviations(options.std, where);
  read_size(reader, options);
  read_crop_size(reader, options);
  if (!options.do_center_crop) {
    // The result has the size that resizing gives; a shorter edge alone makes it square only
    // when the picture is (pad-to-square), which clip_resize_crop checks.
    const bool by_edge = options.shortest_edge > 0;
    options.crop_height = by_edge ? options.shortest_edge : options.resize_height;
    options.crop_width = by_edge ? options.shortest_edge : options.resize_width;
  }
  if (reader.get("do_pad", false) &&
      reader.get<std::string>("image_processor_type", "").starts_with("LlavaImageProcessor")) {
    options.aspect = Aspect::kPad;
  }
  return options;
}

ClipPreprocess load_clip_preprocess(const std::filesystem::path& file) {
  return parse_clip_preprocess(read_json_file(file), file.string());
}

Size clip_resize_size(Size input, int shortest_edge) {
  const int shorter = std::min(input.height, input.width);
  const int longer = std::max(input.height, input.width);
  if (shorter < 1) throw Error({.what = "a picture without pixels cannot be resized"});
  const double scaled = static_cast<double>(static_cast<int64_t>(shortest_edge) * longer) / shorter;
  if (scaled >= 2147483647.0) {
    throw Error({.what = "a picture of " + std::to_string(input.width) + "x" +
                         std::to_string(input.height) + " pixels is too long to be resized"});
  }
  const int other = static_cast<int>(scaled);
  return input.width <= input.height ? Size{other, shortest_edge} : Size{shortest_edge, other};
}

Image pad_to_square(const Image& image, const std::array<uint8_t, 3>& colour) {
  check_image(image, "pad to square");
  const int side = std::max(image.height, image.width);
  if (int64_t{side} * side > DecodeLimits{}.max_pixels) {
    throw Error({.what = "a picture of " + std::to_string(image.width) + "x" +
                         std::to_string(image.height) + " pixels is too long to be padded",
                 .fix = "make the picture smaller"});
  }
  const size_t top = (side - image.height) / 2, left = (side - image.width) / 2;
  Image square{side, side, {}};
  square.rgb.resize(size_t{3} * side * side);
  std::vector<uint8_t> line(size_t{3} * side);
  for (size_t i = 0; i < line.size(); i += 3) std::memcpy(&line[i], colour.data(), 3);
  for (int y = 0; y < side; ++y)
    std::memcpy(&square.rgb[line.size() * y], line.data(), line.size());
  const size_t row = size_t{3} * image.width;
  for (int y = 0; y < image.height; ++y) {
    std::memcpy(&square.rgb[((top + y) * side + left) * 3], &image.rgb[row * y], row);
  }
  return square;
}

Image clip_resize_crop(const Image& image, const ClipPreprocess& options) {
  check_image(image, "preprocess");
  if (options.aspect == Aspect::kPad && image.height != image.width) {
    std::array<uint8_t, 3> colour;
    for (size_t c = 0; c < 3; ++c) {
      colour[c] = static_cast<uint8_t>(std::clamp(options.mean[c] * 255, 0.0, 255.0));
    }
    ClipPreprocess square = options;
    square.aspect = Aspect::kCrop;
    return clip_resize_crop(pad_to_square(image, colour), square);
  }
  Size size{image.height, image.width};
  if (options.do_resize) {
    size = options.shortest_edge > 0 ? clip_resize_size(size, options.shortest_edge)
                                     : Size{options.resize_height, options.resize_width};
  }
  const Size wanted{options.height(), options.width()};
  if (!options.do_center_crop && size != wanted) {
    throw Error({.what = "preprocessing gives " + std::to_string(size.width) + "x" +
                         std::to_string(size.height) + " pixels where " +
                         std::to_string(wanted.width) + "x" + std::to_string(wanted.height) +
                         " are needed",
                 .cause = "do_center_crop is false and the picture is not square",
                 .fix = "set do_center_crop in preprocessor_config.json, or pad to square"});
  }
  // Where the result's first pixel lies in the resized picture; negative: black around it.
  const int top = floor_half(size.height - wanted.height);
  const int left = floor_half(size.width - wanted.width);
  const Window window{std::max(top, 0), std::max(left, 0), std::min(wanted.height, size.height),
                      std::min(wanted.width, size.width)};
  Image inner = resize_window(image, size.height, size.width, options.filter, window);
  if (window.height == wanted.height && window.width == wanted.width) return inner;

  Image result{wanted.height, wanted.width, {}};
  result.rgb.resize(size_t{3} * wanted.height * wanted.width);
  const size_t row = size_t{3} * inner.width;
  const size_t down = std::max(-top, 0), across = std::max(-left, 0);
  for (int y = 0; y < inner.height; ++y) {
    std::memcpy(&result.rgb[((down + y) * wanted.width + across) * 3], &inner.rgb[row * y], row);
  }
  return result;
}

void preprocess_clip(const Image& image, const ClipPreprocess& options, float* out) {
  const Image ready = clip_resize_crop(image, options);
  const NormalizeTable table =
      make_normalize_table({.rescale = options.do_rescale ? options.rescale_factor : 1.0,
                            .normalize = options.do_normalize,
                            .mean = options.mean,
                            .std = options.std});
  normalize(ready, table, out, ready.width, ready.height);
}

}  // namespace vigor
