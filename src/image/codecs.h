// Inside of the image room: one function for each file format, and their errors.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "image/image.h"

namespace vigor::codecs {

using Bytes = std::span<const std::byte>;

// Each throws Error as decode_image does.
Image decode_jpeg(Bytes bytes, const std::string& where, const DecodeLimits& limits);
Image decode_png(Bytes bytes, const std::string& where, const DecodeLimits& limits);
Image decode_webp(Bytes bytes, const std::string& where, const DecodeLimits& limits);

// The library's name and the version that is loaded (libjpeg-turbo: that it was built with).
std::pair<std::string, std::string> jpeg_version();
std::pair<std::string, std::string> png_version();
std::pair<std::string, std::string> webp_version();

// Throws Error: the picture is broken or cut off; `detail` is the codec's own message.
[[noreturn]] void fail_broken(const std::string& where, const std::string& format,
                              const std::string& detail);

// Allocates the picture; throws Error when a side is 0 or the limit is passed.
Image make_image(int64_t height, int64_t width, const std::string& where,
                 const DecodeLimits& limits);

}  // namespace vigor::codecs
