#include "image/resize.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "image/resize_passes.h"

namespace vigor {

Filter filter_from_pillow(int resample, const std::string& where) {
  if (resample == 2) return Filter::kBilinear;
  if (resample == 3) return Filter::kBicubic;
  throw Error({.what = "resample " + std::to_string(resample) + " is not supported",
               .where = where,
               .fix = "use 3 (bicubic, what CLIP was trained with) or 2 (bilinear)"});
}

Image resize(const Image& image, int height, int width, Filter filter) {
  return resize_window(image, height, width, filter, {0, 0, height, width});
}

Image resize_window(const Image& image, int height, int width, Filter filter,
                    const Window& window) {
  check_image(image, "resize");
  if (window.top < 0 || window.left < 0 || window.height < 1 || window.width < 1 ||
      window.height > height - window.top || window.width > width - window.left) {
    throw Error({.what = "cannot resize a picture to " + std::to_string(width) + "x" +
                         std::to_string(height) + ", window " + std::to_string(window.width) + "x" +
                         std::to_string(window.height) + " at (" + std::to_string(window.left) +
                         ", " + std::to_string(window.top) + ")"});
  }
  const bool across = width != image.width;
  const bool down = height != image.height;
  resize_passes::Taps columns, rows;
  // The rows of the input that the result depends on.
  int first_row = window.top, end_row = window.top + window.height;
  if (down) {
    rows = resize_passes::make_taps(image.height, height, filter, window.top, window.height);
    first_row = rows.first.front();
    end_row = rows.first.back() + rows.count.back();
    for (int& first : rows.first) first -= first_row;
  }

  const size_t in_stride = size_t{3} * image.width;
  const size_t stride = size_t{3} * window.width;
  const uint8_t* in = image.rgb.data() + in_stride * first_row;
  Image result{window.height, window.width, {}};
  result.rgb.resize(stride * window.height);

  // After the pass across: row y of what is left begins at from + y * from_stride.
  const uint8_t* from = in + size_t{3} * window.left;
  size_t from_stride = in_stride;
  std::unique_ptr<uint8_t[]> between;  // left uninitialised: all of it is written
  if (across) {
    columns = resize_passes::make_taps(image.width, width, filter, window.left, window.width);
    if (down) between.reset(new uint8_t[stride * (end_row - first_row)]);
    uint8_t* out = down ? between.get() : result.rgb.data();
    for (int y = first_row; y < end_row; ++y, in += in_stride, out += stride) {
      if (y + 1 < image.height) {
        resize_passes::horizontal(in, columns, out);
      } else {
        // The pass reads one byte past a row, which the last row of the picture does not have.
        std::vector<uint8_t> last(in, in + in_stride);
        last.push_back(0);
        resize_passes::horizontal(last.data(), columns, out);
      }
    }
    from = between.get();
    from_stride = stride;
  }
  if (down) {
    for (int y = 0; y < window.height; ++y) {
      resize_passes::vertical(from, from_stride, rows, y, stride, &result.rgb[stride * y]);
    }
  } else if (!across) {
    for (int y = 0; y < window.height; ++y) {
      std::memcpy(&result.rgb[stride * y], from + from_stride * y, stride);
    }
  }
  return result;
}

}  // namespace vigor
