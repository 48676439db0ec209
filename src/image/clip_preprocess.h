// From a picture to what CLIP's vision tower takes, as Hugging Face's CLIPImageProcessor and
// LLaVA's pad-to-square do it: resize, centre crop, value / 255, minus mean, divided by standard
// deviation.
#pragma once

#include <array>
#include <filesystem>

#include "base/json.h"
#include "image/image.h"
#include "image/resize.h"

namespace vigor {

// LLaVA's `image_aspect_ratio` (config.json of the checkpoint, not of the processor).
enum class Aspect {
  kCrop,  // as it is; what the centre crop cuts off is lost
  kPad,   // pad to square with the mean colour first
};

struct ClipPreprocess {
  bool do_resize = true;
  // Pixels, >= 1. The shorter edge after resizing; 0: use resize_height x resize_width.
  int shortest_edge = 224;
  int resize_height = 0;
  int resize_width = 0;
  Filter filter = Filter::kBicubic;
  bool do_center_crop = true;
  // Pixels, >= 1. The result's size; a smaller picture is put in the middle of black.
  int crop_height = 224;
  int crop_width = 224;
  bool do_rescale = true;
  double rescale_factor = 1.0 / 255;
  bool do_normalize = true;
  std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> std = {0.26862954, 0.26130258, 0.27577711};  // > 0
  Aspect aspect = Aspect::kCrop;

  // The result's size: [3, height(), width()].
  int height() const { return crop_height; }
  int width() const { return crop_width; }
  size_t values() const { return size_t{3} * crop_height * crop_width; }
};

// Reads preprocessor_config.json: `size` and `crop_size` as a number, {"shortest_edge": n} or
// {"height": h, "width": w}; `image_mean`, `image_std`, `resample`, `rescale_factor`, the do_*
// flags; absent keys mean the library's defaults, other keys are ignored. `do_pad` of a
// LlavaImageProcessor sets Aspect::kPad. Throws Error naming the key.
ClipPreprocess parse_clip_preprocess(const Json& config, const std::string& where);
ClipPreprocess load_clip_preprocess(const std::filesystem::path& file);

// The size after the shortest-edge rule: the other edge is int(shortest * long / short).
struct Size {
  int height = 0;
  int width = 0;
  bool operator==(const Size&) const = default;
};
Size clip_resize_size(Size input, int shortest_edge);

// The picture in the middle of a square of `colour`, offset (longer - shorter) / 2.
Image pad_to_square(const Image& image, const std::array<uint8_t, 3>& colour);

// uint8 [height, width, 3] after padding, resizing and cropping.
// Throws Error when the result has not the size [height(), width()] (no crop, other proportions).
Image clip_resize_crop(const Image& image, const ClipPreprocess& options);

// float32 [3, height, width] into `out`, which holds options.values() numbers:
// (value * rescale_factor - mean) / std, each step rounded to float32 as the reference does.
void preprocess_clip(const Image& image, const ClipPreprocess& options, float* out);

}  // namespace vigor
