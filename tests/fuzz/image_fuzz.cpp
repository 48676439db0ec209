// Any bytes: decoded or refused; what decodes goes through both preprocessors and both encoders.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "image/clip_preprocess.h"
#include "image/detector_preprocess.h"
#include "image/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor;
  try {
    const Image image =
        decode_image(std::as_bytes(std::span(data, size)), "fuzz", {.max_pixels = 1 << 16});
    check_image(image, "fuzz");
    ClipPreprocess clip;
    clip.shortest_edge = clip.crop_height = clip.crop_width = 14;
    // A long strip padded to a square is slow and says nothing new.
    if (std::max(image.height, image.width) <= 512) clip.aspect = Aspect::kPad;
    std::vector<float> values(clip.values());
    preprocess_clip(image, clip, values.data());
    const Image small = shrink(image, 24);
    const std::string png = encode_png(small);
    if (decode_image(std::as_bytes(std::span(png)), "fuzz").rgb != small.rgb) std::abort();
    encode_jpeg(small, 50);
    DetectorPreprocess detector;
    detector.shortest_edge = 16;
    detector.longest_edge = 40;
    preprocess_detector({&image, 1}, detector);
  } catch (const Error&) {
    // A refusal is the expected end.
  }
  return 0;
}
