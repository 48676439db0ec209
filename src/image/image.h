// Pictures as the reference sees them: decoding (libjpeg-turbo, libpng, libwebp), Pillow's resize,
// and the preprocessing that each vision tower needs. No LibTorch: plain buffers go in and out.
//
// All functions of this room are thread-safe and keep no state.
//
// Why the codec libraries and not OpenCV's imgcodecs: that library loads 142 shared objects (GDAL
// among them), 80 ms at every start of the program, rotates by EXIF unless told otherwise, and
// prints libpng's warnings over the progress line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace vigor {

// 8-bit RGB, rows from top to bottom, pixels interleaved: rgb[(y * width + x) * 3 + channel].
struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> rgb;
};

struct DecodeLimits {
  // Largest height * width, checked before any pixel is allocated. Pillow refuses more than this.
  int64_t max_pixels = 178'956'970;
};

// JPEG, PNG and WebP (one frame), known by their first bytes, whatever the file's name.
//
// The result is what Pillow's Image.open(f).convert("RGB") gives: no EXIF rotation; transparency
// is dropped, not blended; palettes are looked up; 16-bit grey is clipped at 255, 16-bit colour
// keeps its high byte; CMYK JPEGs are read by Adobe's convention (inverted).
// `where` names the picture in messages. Throws Error for what is broken, cut off, too large or of
// another format; never returns a partly decoded picture (here it is stricter than Pillow, which
// leaves the rest of a JPEG grey when its data end early).
Image decode_image(std::span<const std::byte> bytes, const std::string& where,
                   const DecodeLimits& limits = {});

// As decode_image; Error also when the file is missing or unreadable.
Image load_image(const std::filesystem::path& path, const DecodeLimits& limits = {});

// A JPEG file (4:2:0, optimised Huffman tables). `quality` 1..100.
std::string encode_jpeg(const Image& image, int quality);

// A PNG file.
std::string encode_png(const Image& image);

// A thumbnail: neither side above `max_edge` (>= 1), proportions kept, never enlarged.
Image shrink(const Image& image, int max_edge);

// The codec libraries that decide pixel values, {"libjpeg-turbo": "2.1.5", ...}: what run.json
// records.
std::map<std::string, std::string> codec_versions();

// Throws Error unless height, width >= 1 and rgb has height * width * 3 bytes.
void check_image(const Image& image, const std::string& where);

}  // namespace vigor
