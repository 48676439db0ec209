// LLaVA (Liu et al., 2023): CLIP features, projected, in the place of <image> in LLaMA's input.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "model/clip.h"
#include "model/config.h"
#include "model/llama.h"
#include "model/parameters.h"

namespace vigor {

// The id that stands for the image in a split prompt, whatever the layout.
inline constexpr int64_t kImageTokenId = -200;

class Llava {
 public:
  // Canonical names are llava-hf's: "vision_tower.vision_model....",
  // "multi_modal_projector.linear_1", "multi_modal_projector.linear_2" (mlp2x_gelu),
  // "language_model....".
  Llava(const LlavaConfig& config, const ParameterSource& source);

  // pixel_values [images, 3, S, S] -> features [images, image_tokens, text hidden_size].
  // Hidden state vision_feature_layer, class token dropped as configured, projected.
  at::Tensor encode_images(const at::Tensor& pixel_values) const;
  // The projector alone, for features that were encoded before. [..., vision hidden] -> [..., text
  // hidden].
  at::Tensor project(const at::Tensor& selected) const;
  // The vision tower alone: [images, image_tokens, vision hidden].
  at::Tensor select_features(const at::Tensor& pixel_values) const;

  // ids with kImageTokenId at the image's place (at most one), features [image_tokens, hidden] ->
  // [tokens, hidden]. Without an image token, features are not used.
  at::Tensor splice(std::span<const int64_t> ids, const at::Tensor& features) const;

  const LlavaConfig& config() const { return config_; }
  const ClipVision& vision() const { return vision_; }
  const Llama& text() const { return text_; }

 private:
  LlavaConfig config_;
  ClipVision vision_;
  Linear projector1_, projector2_;
  Llama text_;
};

// What a native checkpoint is made of.
struct LlavaCheckpoint {
  LlavaConfig config;
  ParameterSource source;
};

// Opens a folder of either layout. Parameters come as views of the mapped files when `dtype` is the
// dtype on disk, else converted one at a time. Throws Error naming what is missing or misshapen.
LlavaCheckpoint open_llava(const std::filesystem::path& folder, at::ScalarType dtype,
                           at::Device device, const std::filesystem::path& vision_tower = {});

// Floating-point operations (2 a multiply-add) that a forward needs; attention counted causally.
double vision_flops(const LlavaConfig& config);
// `tokens` new tokens, the first at position `start`, of which `logit_rows` go through the head.
double text_flops(const LlamaConfig& config, int64_t start, int64_t tokens, int64_t logit_rows);
// Of Llama::prefill over a prefix of `tokens` tokens.
double prefix_flops(const LlamaConfig& config, int64_t tokens);

}  // namespace vigor
