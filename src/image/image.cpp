#include "image/image.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "image/codecs.h"
#include "image/resize.h"

namespace vigor {
namespace codecs {

void fail_broken(const std::string& where, const std::string& format, const std::string& detail) {
  throw Error({.what = "the " + format + " picture cannot be decoded: " + printable(detail),
               .where = where,
               .cause = "the file is damaged or was cut off while it was copied",
               .fix = "fetch the file again"});
}

Image make_image(int64_t height, int64_t width, const std::string& where,
                 const DecodeLimits& limits) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (height < 1 || width < 1) {
    throw Error({.what = "the picture has no pixels (" + size + ")", .where = where});
  }
  // Sides fit in 32 bits in all formats, so the product does in 64.
  if (height * width > limits.max_pixels) {
    throw Error({.what = "the picture is too large: " + size + " is more than " +
                         std::to_string(limits.max_pixels) + " pixels",
                 .where = where,
                 .cause = "the header is damaged, or the file was made to exhaust memory",
                 .fix = "make the picture smaller"});
  }
  Image image;
  image.height = static_cast<int>(height);
  image.width = static_cast<int>(width);
  image.rgb.resize(static_cast<size_t>(height) * static_cast<size_t>(width) * 3);
  return image;
}

}  // namespace codecs

namespace {

// The name of a format that is not read, "" when the bytes say nothing.
std::string foreign_format(std::string_view head) {
  using namespace std::string_view_literals;  // some begin with or hold a zero byte
  const struct {
    std::string_view magic;
    const char* name;
  } known[] = {{"GIF8"sv, "GIF"},
               {"BM"sv, "BMP"},
               {"II*\0"sv, "TIFF"},
               {"MM\0*"sv, "TIFF"},
               {"\0\0\0\x0cjP"sv, "JPEG 2000"},
               {"<svg"sv, "SVG"},
               {"<?xml"sv, "XML"},
               {"<!DOCTYPE"sv, "web page"},
               {"<html"sv, "web page"},
               {"%PDF"sv, "PDF"},
               {"version https://git-lfs"sv, "Git LFS pointer"}};
  for (const auto& format : known) {
    if (head.starts_with(format.magic)) return format.name;
  }
  if (head.size() >= 12 && head.substr(4, 4) == "ftyp") return "HEIF or AVIF";
  return "";
}

}  // namespace

Image decode_image(std::span<const std::byte> bytes, const std::string& where,
                   const DecodeLimits& limits) {
  if (bytes.empty()) {
    throw Error({.what = "the picture file is empty",
                 .where = where,
                 .cause = "a download or a copy that failed",
                 .fix = "fetch the file again"});
  }
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (head.starts_with("\xff\xd8\xff")) return codecs::decode_jpeg(bytes, where, limits);
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return codecs::decode_png(bytes, where, limits);
  if (head.size() >= 12 && head.starts_with("RIFF") && head.substr(8, 4) == "WEBP") {
    return codecs::decode_webp(bytes, where, limits);
  }
  const std::string format = foreign_format(head);
  throw Error({.what = format.empty() ? "not a picture: neither JPEG nor PNG nor WebP"
                                      : "not a JPEG, PNG or WebP picture but a " + format + " file",
               .where = where,
               .cause = format.empty() ? "the file is damaged, or is something else" : "",
               .fix = "convert it to PNG or fetch it again"});
}

Image load_image(const std::filesystem::path& path, const DecodeLimits& limits) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored).type();
  if (kind == std::filesystem::file_type::fifo || kind == std::filesystem::file_type::socket ||
      kind == std::filesystem::file_type::character) {
    throw Error({.what = "is not a file but a pipe or device, and reading it may never end",
                 .where = printable(path.string()),
                 .fix = "put a picture there"});
  }
  const std::string bytes = read_file(path);
  return decode_image(std::as_bytes(std::span(bytes)), path.string(), limits);
}

std::map<std::string, std::string> codec_versions() {
  return {codecs::jpeg_version(), codecs::png_version(), codecs::webp_version()};
}

void check_image(const Image& image, const std::string& where) {
  if (image.height < 1 || image.width < 1 ||
      image.rgb.size() != size_t{3} * image.height * image.width) {
    throw Error({.what = "a picture of " + std::to_string(image.width) + "x" +
                         std::to_string(image.height) + " pixels with " +
                         std::to_string(image.rgb.size()) + " bytes",
                 .where = where});
  }
}

Image shrink(const Image& image, int max_edge) {
  check_image(image, "shrink");
  const int longer = std::max(image.height, image.width);
  if (max_edge < 1 || longer <= max_edge) return image;
  const auto scaled = [&](int side) {
    return std::max(1,
                    static_cast<int>(std::lround(static_cast<double>(side) * max_edge / longer)));
  };
  return resize(image, scaled(image.height), scaled(image.width), Filter::kBilinear);
}

}  // namespace vigor
