// Grounding DINO's feature enhancer (section 3.2 of its paper): in each layer vision and text are
// fused in both directions, text looks at itself, and vision looks at itself by deformable
// attention.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/grounding_dino/config.h"
#include "model/grounding_dino/deformable_attention.h"
#include "model/grounding_dino/layers.h"

namespace vigor {

// The maps of all levels as one sequence, L = the sum of height * width.
struct VisionFeatures {
  at::Tensor tokens;        // [images, L, d_model]
  at::Tensor positions;     // [images, L, d_model], sine and level embedding
  at::Tensor padding;       // bool [images, L], true = padding
  at::Tensor valid_ratios;  // float32 [images, levels, 2], (width, height) of what is picture
  LevelShapes shapes;

  // The row of each index: one image for several prompts, or some images of a batch.
  VisionFeatures select(const std::vector<int64_t>& images) const;
};

struct TextFeatures {
  at::Tensor tokens;        // [prompts, T, d_model]
  at::Tensor present;       // bool [prompts, T], false = padding
  at::Tensor allowed;       // bool [prompts, T, T], the sub-sentence mask
  at::Tensor position_ids;  // int64 [prompts, T]
};

// Fusion: both sides attend to the other from one matrix of scores. Parameters "attn...",
// "layer_norm_*", "vision_param", "text_param".
class BidirectionalFusion {
 public:
  BidirectionalFusion(const GroundingDinoConfig& config, const ParameterSource& source);
  // Replaces both; see VisionFeatures and TextFeatures for the masks.
  void apply(at::Tensor& vision, const at::Tensor& vision_padding, at::Tensor& text,
             const at::Tensor& text_present) const;

 private:
  LayerNorm vision_norm_, text_norm_;
  Linear vision_query_, text_key_, vision_value_, text_value_, vision_out_, text_out_;
  at::Tensor vision_scale_, text_scale_;
  int64_t heads_ = 1;
};

class FeatureEnhancer {
 public:
  // Takes the parameters "layers.N...".
  FeatureEnhancer(const GroundingDinoConfig& config, const ParameterSource& source);

  struct Output {
    at::Tensor vision, text;  // [batch, L, d_model], [batch, T, d_model]
  };
  // Row i of `vision` with row i of `text`. Taps "encoder.vision_hidden_states.K",
  // "encoder.text_hidden_states.K", "encoderK.fusion.vision" and so on.
  Output forward(const VisionFeatures& vision, const TextFeatures& text, AttentionKernel kernel,
                 const Tap& tap = {}) const;

 private:
  struct Layer {
    BidirectionalFusion fusion;
    MultiHeadAttention text_attention;
    LayerNorm text_norm1, text_norm2;
    FeedForward text_forward;
    DeformableAttention attention;
    LayerNorm norm1, norm2;
    FeedForward forward;
  };
  int64_t d_model_;
  std::vector<Layer> layers_;
};

}  // namespace vigor
