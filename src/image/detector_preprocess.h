// From pictures to what Grounding DINO takes, as Hugging Face's GroundingDinoImageProcessor does
// it: resize by the shortest/longest rule, value / 255, ImageNet mean and deviation, then a batch
// padded with zeros at the right and the bottom, and a mask of what is picture.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "base/json.h"
#include "image/clip_preprocess.h"
#include "image/image.h"

namespace vigor {

struct DetectorPreprocess {
  bool do_resize = true;
  int shortest_edge = 800;  // pixels, >= 1
  int longest_edge = 1333;  // pixels, >= shortest_edge; 0: no limit
  Filter filter = Filter::kBilinear;
  bool do_rescale = true;
  double rescale_factor = 1.0 / 255;
  bool do_normalize = true;
  std::array<double, 3> mean = {0.485, 0.456, 0.406};
  std::array<double, 3> std = {0.229, 0.224, 0.225};  // > 0
};

// Reads preprocessor_config.json; absent keys mean the library's defaults, other keys are ignored.
// Throws Error naming the key.
DetectorPreprocess parse_detector_preprocess(const Json& config, const std::string& where);
DetectorPreprocess load_detector_preprocess(const std::filesystem::path& file);

// If long / short * shortest_edge > longest_edge, the short side is round(longest * short / long)
// (half to even) and the long side int(raw * long / short) of the unrounded raw value; otherwise
// shortest_edge and int(shortest_edge * long / short). A picture whose short side has the size
// already is left alone. Throws Error when a side would be 0.
Size detector_resize_size(Size input, int shortest_edge, int longest_edge);

struct DetectorBatch {
  int batch = 0, height = 0, width = 0;
  std::vector<float> pixel_values;  // [batch, 3, height, width], zeros beyond each picture
  std::vector<int64_t> pixel_mask;  // [batch, height, width], 1 = picture
  std::vector<Size> sizes;          // [batch], each picture after resizing
};

// Throws Error when `images` is empty or a picture is.
DetectorBatch preprocess_detector(std::span<const Image> images, const DetectorPreprocess& options);

}  // namespace vigor
