// BERT's encoder (Devlin et al., 2019), as Grounding DINO reads text with it: a mask for every pair
// of tokens, and position ids from outside.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/grounding_dino/config.h"
#include "model/grounding_dino/layers.h"

namespace vigor {

class BertEncoder {
 public:
  // Takes the parameters "embeddings...", "encoder.layer.N...".
  BertEncoder(const BertConfig& config, const ParameterSource& source);

  // input_ids, token_type_ids, position_ids int64 [batch, T]; allowed bool [batch, T, T]
  // -> [batch, T, hidden_size]. Taps "bert.embeddings", "bert.layerK".
  at::Tensor forward(const at::Tensor& input_ids, const at::Tensor& token_type_ids,
                     const at::Tensor& position_ids, const at::Tensor& allowed,
                     const Tap& tap = {}) const;

 private:
  struct Layer {
    MultiHeadAttention attention;
    LayerNorm attention_norm, output_norm;
    Linear intermediate, output;
  };
  at::Tensor words_, positions_, types_;
  LayerNorm norm_;
  std::vector<Layer> layers_;
};

}  // namespace vigor
