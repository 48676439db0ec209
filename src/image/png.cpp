// PNG through libpng, with the conversions that Pillow's modes amount to.
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "image/codecs.h"

namespace vigor {
namespace {

// As with JPEG: libpng leaves by longjmp, so no destructor may be due between setjmp and its calls.
struct PngState {
  const std::byte* next = nullptr;
  size_t left = 0;
  char message[256] = "";
};

void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::snprintf(state->message, sizeof(state->message), "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, size_t count) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  if (count > state->left) png_error(png, "the file ends early");
  std::memcpy(out, state->next, count);
  state->next += count;
  state->left -= count;
}

class PngReader {
 public:
  explicit PngReader(codecs::Bytes bytes) {
    state_.next = bytes.data();
    state_.left = bytes.size();
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state_, on_error, on_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  // The three steps return false after an error, which message() tells.
  bool read_header() {
    if (png_ == nullptr || info_ == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, &state_, read_bytes);
    // Sizes are checked by make_image, with a message that says more.
    png_set_user_limits(png_, 0x7fffffff, 0x7fffffff);
    png_read_info(png_, info_);
    return true;
  }

  bool prepare() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    const int type = png_get_color_type(png_, info_);
    const int depth = png_get_bit_depth(png_, info_);
    grey16_ = type == PNG_COLOR_TYPE_GRAY && depth == 16;
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png_);
    // Pillow takes the high byte of 16-bit colour, but clips 16-bit grey (its mode I).
    if (depth == 16 && !grey16_) png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    if ((type & PNG_COLOR_MASK_COLOR) == 0 && !grey16_) png_set_gray_to_rgb(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  // What follows the last row is not read: Pillow forgives a missing end as well.
  bool read_pixels(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows);
    return true;
  }

  bool grey16() const { return grey16_; }
  int64_t height() const { return png_get_image_height(png_, info_); }
  int64_t width() const { return png_get_image_width(png_, info_); }
  size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  const char* message() const { return state_.message; }

 private:
  PngState state_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  bool grey16_ = false;
};

}  // namespace

Image codecs::decode_png(Bytes bytes, const std::string& where, const DecodeLimits& limits) {
  PngReader reader(bytes);
  if (!reader.read_header()) fail_broken(where, "PNG", reader.message());
  Image image = make_image(reader.height(), reader.width(), where, limits);
  if (!reader.prepare()) fail_broken(where, "PNG", reader.message());
  const size_t pixels = static_cast<size_t>(image.width) * image.height;
  const size_t stride = static_cast<size_t>(image.width) * (reader.grey16() ? 2 : 3);
  if (reader.row_bytes() != stride) fail_broken(where, "PNG", "unexpected row size");

  std::vector<uint8_t> wide(reader.grey16() ? 2 * pixels : 0);
  uint8_t* first = reader.grey16() ? wide.data() : image.rgb.data();
  std::vector<png_bytep> rows(image.height);
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = first + y * stride;
  if (!reader.read_pixels(rows.data())) fail_broken(where, "PNG", reader.message());

  if (reader.grey16()) {
    for (size_t i = 0; i < pixels; ++i) {
      const uint8_t value = wide[2 * i] != 0 ? 255 : wide[2 * i + 1];  // big-endian, clipped
      std::memset(&image.rgb[3 * i], value, 3);
    }
  }
  return image;
}

std::pair<std::string, std::string> codecs::png_version() {
  return {"libpng", png_get_libpng_ver(nullptr)};
}

std::string encode_png(const Image& image) {
  check_image(image, "encode_png");
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  std::string bytes;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  bytes.resize(size);
  if (png_image_write_to_memory(&png, bytes.data(), &size, 0, image.rgb.data(), 0, nullptr) == 0) {
    throw Error({.what = std::string("a picture cannot be written as PNG: ") + png.message});
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace vigor
