// Grounding DINO's query selection and cross-modality decoder (sections 3.3 of its paper): the
// places that fit the text best become queries, whose boxes each layer refines.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/grounding_dino/config.h"
#include "model/grounding_dino/encoder.h"
#include "model/grounding_dino/layers.h"

namespace vigor {

struct Queries {
  at::Tensor target;     // [batch, num_queries, d_model], content
  at::Tensor reference;  // float32 [batch, num_queries, 4], boxes as centre and size in 0..1

  // What the queries were chosen from, kept only while gradients are recorded.
  struct Places {
    at::Tensor centres;  // float32 [batch, L, 2], (x, y) in 0..1 of the picture
    at::Tensor useless;  // bool [batch, L], padding or too near to the edge for a box
    at::Tensor logits;   // float32 [batch, L, T], -inf at padded tokens
    at::Tensor boxes;    // float32 [batch, L, 4], centre and size in 0..1
    at::Tensor chosen;   // int64 [batch, num_queries], the places that became queries
  };
  Places places = {};
};

// Language-guided query selection. Parameters "model.enc_output...", "model.enc_output_norm...",
// "model.encoder_output_bbox_embed...", "model.query_position_embeddings.weight".
class QuerySelection {
 public:
  QuerySelection(const GroundingDinoConfig& config, const ParameterSource& source);
  // Throws Error when the picture has fewer places than there are queries.
  Queries select(const VisionFeatures& vision, const TextFeatures& text,
                 const FeatureEnhancer::Output& enhanced, const Tap& tap = {}) const;

 private:
  Linear output_;
  LayerNorm norm_;
  Perceptron boxes_;
  at::Tensor contents_;  // [num_queries, d_model]
  bool embedding_init_target_ = true;
  int64_t num_queries_;
};

class CrossModalityDecoder {
 public:
  // Takes the parameters "model.decoder..." and "bbox_embed.N...".
  CrossModalityDecoder(const GroundingDinoConfig& config, const ParameterSource& source);

  struct Output {
    at::Tensor states;  // [batch, num_queries, d_model], normed, of the last layer
    at::Tensor boxes;   // float32 [batch, num_queries, 4], centre and size in 0..1
    // The same of every layer, the last included; kept only while gradients are recorded.
    std::vector<at::Tensor> layer_states = {}, layer_boxes = {};
  };
  Output forward(const Queries& queries, const VisionFeatures& vision, const TextFeatures& text,
                 const FeatureEnhancer::Output& enhanced, AttentionKernel kernel,
                 const Tap& tap = {}) const;

 private:
  struct Layer {
    MultiHeadAttention self_attention, text_attention;
    DeformableAttention vision_attention;
    LayerNorm self_norm, text_norm, vision_norm, final_norm;
    FeedForward forward;
    Perceptron boxes;
  };
  int64_t d_model_;
  LayerNorm norm_;
  Perceptron position_head_;
  std::vector<Layer> layers_;
};

// Fit of each state with each text token: dot products, -inf at padded tokens. float32
// [batch, N, T].
at::Tensor token_scores(const at::Tensor& states, const at::Tensor& text,
                        const at::Tensor& present);

}  // namespace vigor
