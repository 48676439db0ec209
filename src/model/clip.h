// CLIP's vision transformer (Radford et al., 2021), as LLaVA uses it: hidden states before the last
// layer norm.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/config.h"
#include "model/parameters.h"

namespace vigor {

class ClipVision {
 public:
  // Takes the parameters "embeddings...", "pre_layrnorm...", "encoder.layers.N...". `layers` limits
  // the encoder to the layers that are needed (-1: all).
  ClipVision(const ClipVisionConfig& config, const ParameterSource& source, int64_t layers = -1);

  // pixel_values [images, 3, S, S] -> hidden state after `layers` encoder layers
  // [images, 1 + patches, hidden_size]; entry 0 is the class token. When `states` is given, it
  // receives all hidden states, from the output of pre_layrnorm on.
  at::Tensor forward(const at::Tensor& pixel_values,
                     std::vector<at::Tensor>* states = nullptr) const;

  const ClipVisionConfig& config() const { return config_; }
  at::ScalarType dtype() const { return patch_weight_.scalar_type(); }

 private:
  struct Layer {
    LayerNorm norm1, norm2;
    Linear q, k, v, out, fc1, fc2;
  };
  at::Tensor embed(const at::Tensor& pixel_values) const;
  at::Tensor attention(const Layer& layer, const at::Tensor& x) const;
  at::Tensor activation(const at::Tensor& x) const;

  ClipVisionConfig config_;
  at::Tensor class_embedding_, patch_weight_, position_embedding_;
  LayerNorm pre_norm_;
  std::vector<Layer> layers_;
};

}  // namespace vigor
