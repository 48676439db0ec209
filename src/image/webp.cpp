// WebP through libwebp with its defaults (smooth chroma upsampling).
#include <webp/decode.h>

#include "base/error.h"
#include "image/codecs.h"

namespace vigor {

Image codecs::decode_webp(Bytes bytes, const std::string& where, const DecodeLimits& limits) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) {
    fail_broken(where, "WebP", "its header is broken");
  }
  if (features.has_animation) {
    throw Error({.what = "an animated WebP picture",
                 .where = where,
                 .fix = "save the frame that is meant as a picture of its own"});
  }
  Image image = make_image(features.height, features.width, where, limits);
  // Asking for RGB drops transparency and keeps the colour under it.
  if (WebPDecodeRGBInto(data, bytes.size(), image.rgb.data(), image.rgb.size(), 3 * image.width) ==
      nullptr) {
    fail_broken(where, "WebP", "its data are broken or end early");
  }
  return image;
}

std::pair<std::string, std::string> codecs::webp_version() {
  const int version = WebPGetDecoderVersion();  // 0xMMmmrr
  return {"libwebp", std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) +
                         "." + std::to_string(version & 255)};
}

}  // namespace vigor
