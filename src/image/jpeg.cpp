// JPEG through libjpeg-turbo with its defaults: accurate integer DCT, smooth chroma upsampling.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
// jpeglib.h needs size_t and FILE.
#include <jerror.h>
#include <jpeglib.h>

#include "base/error.h"
#include "image/codecs.h"

namespace vigor {
namespace {

// A file of many thousand tiny scans takes minutes to decode; real progressive ones have about ten.
constexpr int kMaxScans = 500;

// libjpeg is C: its errors leave by longjmp, so no object with a destructor may live in a frame
// between setjmp and the library.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  errors->base.format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}

[[noreturn]] void leave_with(j_common_ptr info, const char* message) {
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  std::snprintf(errors->message, sizeof(errors->message), "%s", message);
  std::longjmp(errors->jump, 1);
}

void on_message(j_common_ptr info, int level) {
  // A marker where pixels should be: libjpeg would fill the rest of the picture with grey.
  if (level < 0 && info->err->msg_code == JWRN_HIT_MARKER) leave(info);
}

void on_progress(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMaxScans) {
    leave_with(info, "more than 500 scans");
  }
}

void set_errors(ErrorManager& errors) {
  jpeg_std_error(&errors.base);
  errors.base.error_exit = leave;
  errors.base.emit_message = on_message;
  errors.message[0] = '\0';
}

// The whole file is in memory, so a wish for more means that it was cut off. (libjpeg's own
// memory source would invent an end marker and leave the rest grey.)
boolean source_is_dry(j_decompress_ptr info) {
  leave_with(reinterpret_cast<j_common_ptr>(info), "the file ends early");
}

void source_skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if (static_cast<size_t>(count) > info->src->bytes_in_buffer) source_is_dry(info);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= static_cast<size_t>(count);
}

class JpegReader {
 public:
  explicit JpegReader(codecs::Bytes bytes) {
    set_errors(errors_);
    info_.err = &errors_.base;
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
    source_.bytes_in_buffer = bytes.size();
    source_.init_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = source_is_dry;
    source_.skip_input_data = source_skip;
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = [](j_decompress_ptr) {};
    progress_.progress_monitor = on_progress;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  // Both return false after an error, which message() tells.
  bool read_header() {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.src = &source_;
    info_.progress = &progress_;
    jpeg_read_header(&info_, TRUE);
    const int parts = info_.num_components;
    if (parts != 1 && parts != 3 && parts != 4) {
      leave_with(reinterpret_cast<j_common_ptr>(&info_), "neither 1 nor 3 nor 4 colour components");
    }
    info_.out_color_space = parts == 1 ? JCS_GRAYSCALE : parts == 3 ? JCS_RGB : JCS_CMYK;
    return true;
  }

  // `rgb` holds height * width * 3 bytes; `line` holds width * 4 bytes.
  bool read_pixels(uint8_t* rgb, uint8_t* line) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_start_decompress(&info_);
    const size_t width = info_.output_width;
    while (info_.output_scanline < info_.output_height) {
      uint8_t* out = rgb + size_t{3} * width * info_.output_scanline;
      JSAMPROW row = info_.output_components == 3 ? out : line;
      jpeg_read_scanlines(&info_, &row, 1);
      if (info_.output_components == 1) {
        for (size_t x = 0; x < width; ++x) std::memset(out + 3 * x, line[x], 3);
      } else if (info_.output_components == 4) {
        ink_to_rgb(line, width, out);
      }
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  const jpeg_decompress_struct& info() const { return info_; }
  const char* message() const { return errors_.message; }

 private:
  // Adobe's convention stores 255 - ink, and Pillow assumes it for all four-component files:
  // red = round((255 - K) * (255 - C) / 255).
  static void ink_to_rgb(const uint8_t* line, size_t width, uint8_t* out) {
    for (size_t x = 0; x < width; ++x) {
      const unsigned black = line[4 * x + 3];
      for (size_t c = 0; c < 3; ++c) {
        const unsigned product = line[4 * x + c] * black + 128;
        out[3 * x + c] = static_cast<uint8_t>((product + (product >> 8)) >> 8);
      }
    }
  }

  ErrorManager errors_;
  jpeg_decompress_struct info_{};
  jpeg_source_mgr source_{};
  jpeg_progress_mgr progress_{};
};

class JpegWriter {
 public:
  JpegWriter() {
    set_errors(errors_);
    info_.err = &errors_.base;
  }
  ~JpegWriter() {
    jpeg_destroy_compress(&info_);
    std::free(buffer_);
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  bool write(const Image& image, int quality) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &buffer_, &size_);
    info_.image_width = static_cast<JDIMENSION>(image.width);
    info_.image_height = static_cast<JDIMENSION>(image.height);
    info_.input_components = 3;
    info_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, quality, TRUE);
    info_.optimize_coding = TRUE;
    jpeg_start_compress(&info_, TRUE);
    while (info_.next_scanline < info_.image_height) {
      JSAMPROW row = const_cast<JSAMPROW>(image.rgb.data()) +
                     size_t{3} * info_.image_width * info_.next_scanline;
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
    return true;
  }

  std::string bytes() const { return {reinterpret_cast<const char*>(buffer_), size_}; }
  const char* message() const { return errors_.message; }

 private:
  ErrorManager errors_;
  jpeg_compress_struct info_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
};

}  // namespace

Image codecs::decode_jpeg(Bytes bytes, const std::string& where, const DecodeLimits& limits) {
  JpegReader reader(bytes);
  if (!reader.read_header()) fail_broken(where, "JPEG", reader.message());
  Image image = make_image(reader.info().image_height, reader.info().image_width, where, limits);
  std::vector<uint8_t> line(size_t{4} * image.width);
  if (!reader.read_pixels(image.rgb.data(), line.data())) {
    fail_broken(where, "JPEG", reader.message());
  }
  return image;
}

std::pair<std::string, std::string> codecs::jpeg_version() {
#ifdef LIBJPEG_TURBO_VERSION
#define VIGOR_TEXT_OF(x) #x
#define VIGOR_TEXT(x) VIGOR_TEXT_OF(x)
  return {"libjpeg-turbo", VIGOR_TEXT(LIBJPEG_TURBO_VERSION)};
#else
  return {"libjpeg", std::to_string(JPEG_LIB_VERSION)};
#endif
}

std::string encode_jpeg(const Image& image, int quality) {
  check_image(image, "encode_jpeg");
  if (quality < 1 || quality > 100) {
    throw Error({.what = "JPEG quality " + std::to_string(quality) + " is not in 1..100"});
  }
  JpegWriter writer;
  if (!writer.write(image, quality)) {
    throw Error({.what = std::string("a picture cannot be written as JPEG: ") + writer.message()});
  }
  return writer.bytes();
}

}  // namespace vigor
