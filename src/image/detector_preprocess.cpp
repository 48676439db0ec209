#include "image/detector_preprocess.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "image/normalize.h"

namespace vigor {
namespace {

// Python's round(): half to even, whatever the rounding mode of the process.
double round_half_even(double value) {
  const double below = std::floor(value);
  const double rest = value - below;
  if (rest != 0.5) return rest < 0.5 ? below : below + 1;
  return std::fmod(below, 2) == 0 ? below : below + 1;
}

}  // namespace

DetectorPreprocess parse_detector_preprocess(const Json& config, const std::string& where) {
  ObjectReader reader(config, where);
  DetectorPreprocess options;
  options.do_resize = reader.get("do_resize", options.do_resize);
  options.do_rescale = reader.get("do_rescale", options.do_rescale);
  options.do_normalize = reader.get("do_normalize", options.do_normalize);
  options.rescale_factor = reader.get("rescale_factor", options.rescale_factor);
  options.filter = filter_from_pillow(reader.get("resample", 2), where);
  options.mean = read_channel_values(reader, "image_mean", options.mean);
  options.std = read_channel_values(reader, "image_std", options.std);
  check_deviations(options.std, where);
  const Json* size = reader.find("size");
  if (size != nullptr && !size->is_null()) {
    ObjectReader edges = reader.child("size");
    options.shortest_edge = edges.require<int>("shortest_edge");
    options.longest_edge = edges.get("longest_edge", 0);
    constexpr int kMaxEdge = 1 << 14;
    if (options.shortest_edge < 1 || options.shortest_edge > kMaxEdge || options.longest_edge < 0 ||
        options.longest_edge > kMaxEdge) {
      throw Error({.what = "edges must be 1..16384 pixels", .where = edges.where()});
    }
  }
  return options;
}

DetectorPreprocess load_detector_preprocess(const std::filesystem::path& file) {
  return parse_detector_preprocess(read_json_file(file), file.string());
}

Size detector_resize_size(Size input, int shortest_edge, int longest_edge) {
  const double shorter = std::min(input.height, input.width);
  const double longer = std::max(input.height, input.width);
  if (shorter < 1) throw Error({.what = "a picture without pixels cannot be resized"});
  double raw = shortest_edge;
  double target = shortest_edge;
  if (longest_edge > 0 && longer / shorter * shortest_edge > longest_edge) {
    raw = longest_edge * shorter / longer;
    target = round_half_even(raw);
  }
  if (shorter == target) return input;
  const double other = std::trunc(raw * longer / shorter);
  if (target < 1 || other < 1 || other > std::numeric_limits<int>::max()) {
    throw Error({.what = "a picture of " + std::to_string(input.width) + "x" +
                         std::to_string(input.height) + " pixels is too narrow to be resized to " +
                         std::to_string(shortest_edge) + "/" + std::to_string(longest_edge)});
  }
  const int low = static_cast<int>(target), high = static_cast<int>(other);
  return input.width < input.height ? Size{high, low} : Size{low, high};
}

DetectorBatch preprocess_detector(std::span<const Image> images,
                                  const DetectorPreprocess& options) {
  if (images.empty()) throw Error({.what = "a detector batch without pictures"});
  DetectorBatch batch;
  batch.batch = static_cast<int>(images.size());
  for (const Image& image : images) {
    check_image(image, "preprocess");
    const Size size{image.height, image.width};
    batch.sizes.push_back(
        options.do_resize ? detector_resize_size(size, options.shortest_edge, options.longest_edge)
                          : size);
    batch.height = std::max(batch.height, batch.sizes.back().height);
    batch.width = std::max(batch.width, batch.sizes.back().width);
  }
  const NormalizeTable table =
      make_normalize_table({.rescale = options.do_rescale ? options.rescale_factor : 1.0,
                            .normalize = options.do_normalize,
                            .mean = options.mean,
                            .std = options.std});
  const size_t plane = static_cast<size_t>(batch.height) * batch.width;
  batch.pixel_values.assign(3 * plane * images.size(), 0.0f);
  batch.pixel_mask.assign(plane * images.size(), 0);
  for (size_t i = 0; i < images.size(); ++i) {
    const Size size = batch.sizes[i];
    const Image resized = resize(images[i], size.height, size.width, options.filter);
    normalize(resized, table, &batch.pixel_values[3 * plane * i], batch.width, batch.height);
    for (int y = 0; y < size.height; ++y) {
      std::fill_n(&batch.pixel_mask[plane * i + static_cast<size_t>(y) * batch.width], size.width,
                  1);
    }
  }
  return batch;
}

}  // namespace vigor
