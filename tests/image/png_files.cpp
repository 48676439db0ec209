#include "tests/image/png_files.h"

#include <png.h>

#include <stdexcept>

namespace vigor::testing {

std::string write_png(const PngFile& file) {
  std::string bytes;
  // An error aborts the test program: these files are made by tests alone.
  png_structp png = png_create_write_struct(
      PNG_LIBPNG_VER_STRING, nullptr,
      [](png_structp, png_const_charp message) -> void { throw std::runtime_error(message); },
      nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep data, size_t size) {
        static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<char*>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, file.width, file.height, file.bit_depth, file.colour_type,
               file.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  if (!file.palette.empty()) {
    std::vector<png_color> colours;
    for (size_t i = 0; i + 2 < file.palette.size(); i += 3) {
      colours.push_back({file.palette[i], file.palette[i + 1], file.palette[i + 2]});
    }
    png_set_PLTE(png, info, colours.data(), static_cast<int>(colours.size()));
  }
  if (!file.alpha.empty()) {
    png_set_tRNS(png, info, file.alpha.data(), static_cast<int>(file.alpha.size()), nullptr);
  }
  if (file.transparent_grey >= 0) {
    png_color_16 grey{};
    grey.gray = static_cast<png_uint_16>(file.transparent_grey);
    png_set_tRNS(png, info, nullptr, 0, &grey);
  }
  png_write_info(png, info);
  const size_t stride = file.data.size() / file.height;
  std::vector<png_bytep> rows;
  for (int y = 0; y < file.height; ++y) {
    rows.push_back(const_cast<png_bytep>(file.data.data()) + stride * y);
  }
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace vigor::testing
