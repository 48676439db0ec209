// Swin Transformer (Liu et al., 2021), as the detector's backbone: the maps of its later stages.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/grounding_dino/attention_kernel.h"
#include "model/grounding_dino/config.h"
#include "model/grounding_dino/layers.h"

namespace vigor {

// Row of a block's bias table for each pair of places of a window: int64 [window^2, window^2],
// (dy + w - 1) (2w - 1) + dx + w - 1.
at::Tensor relative_position_index(int64_t window);

class SwinBackbone {
 public:
  // Takes the parameters "embeddings...", "encoder.layers.S...", "hidden_states_norms.stageK...".
  SwinBackbone(const SwinConfig& config, const ParameterSource& source);

  // pixel_values [images, 3, H, W], any size -> one map [images, C, h, w] for each output stage,
  // layer-normed over C. Taps "swin.embeddings", "swin.stageS.blockB", "swin.stageS.downsample".
  std::vector<at::Tensor> forward(const at::Tensor& pixel_values, AttentionKernel kernel,
                                  const Tap& tap = {}) const;

 private:
  struct Block {
    LayerNorm before, after;
    Linear query, key, value, out, intermediate, output;
    at::Tensor position_bias;  // [heads, window^2, window^2]
    int64_t shift = 0;
  };
  struct Stage {
    std::vector<Block> blocks;
    int64_t heads = 1;
    LayerNorm downsample_norm, out_norm;  // where they are used
    Linear downsample;
    bool wanted = false;
  };
  // x [images, h * w, C], normed -> the same shape.
  at::Tensor attend(const Stage& stage, const Block& block, const at::Tensor& x, int64_t height,
                    int64_t width, AttentionKernel kernel) const;
  // With windows as tensors.
  at::Tensor attend_plainly(const Stage& stage, const Block& block, const at::Tensor& x,
                            int64_t height, int64_t width) const;

  SwinConfig config_;
  Linear patches_;  // the patch convolution as one matrix product
  LayerNorm embedding_norm_;
  std::vector<Stage> stages_;
};

}  // namespace vigor
