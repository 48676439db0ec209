#include "model/grounding_dino/encoder.h"

#include <ATen/ATen.h>

#include <cmath>

namespace vigor {
namespace {

constexpr double kTextTemperature = 10000;

// Centres of all places, as parts of the picture without its padding, seen from every level:
// float32 [images, L, levels, 2] as (x, y).
at::Tensor centres(const LevelShapes& shapes, const at::Tensor& valid_ratios) {
  std::vector<at::Tensor> levels;
  const auto options = valid_ratios.options();
  for (size_t level = 0; level < shapes.size(); ++level) {
    const auto [height, width] = shapes[level];
    const at::Tensor ratio = valid_ratios.select(1, static_cast<int64_t>(level));  // [images, 2]
    const at::Tensor y = (at::arange(height, options) + 0.5).view({1, height, 1}) /
                         (ratio.select(1, 1).view({-1, 1, 1}) * static_cast<double>(height));
    const at::Tensor x = (at::arange(width, options) + 0.5).view({1, 1, width}) /
                         (ratio.select(1, 0).view({-1, 1, 1}) * static_cast<double>(width));
    const int64_t images = valid_ratios.size(0);
    levels.push_back(
        at::stack({x.expand({images, height, width}), y.expand({images, height, width})}, -1)
            .flatten(1, 2));
  }
  return at::cat(levels, 1).unsqueeze(2) * valid_ratios.unsqueeze(1);
}

}  // namespace

VisionFeatures VisionFeatures::select(const std::vector<int64_t>& images) const {
  const at::Tensor index = at::tensor(images, at::kLong).to(tokens.device());
  VisionFeatures selected = *this;
  for (at::Tensor* part :
       {&selected.tokens, &selected.positions, &selected.padding, &selected.valid_ratios}) {
    *part = part->index_select(0, index);
  }
  return selected;
}

BidirectionalFusion::BidirectionalFusion(const GroundingDinoConfig& config,
                                         const ParameterSource& source) {
  const int64_t d = config.d_model;
  const int64_t inner = config.encoder_ffn_dim / 2;
  vision_norm_ = make_layer_norm(source, "layer_norm_vision", d, config.layer_norm_eps);
  text_norm_ = make_layer_norm(source, "layer_norm_text", d, config.layer_norm_eps);
  vision_query_ = make_linear(source, "attn.vision_proj", d, inner, true);
  text_key_ = make_linear(source, "attn.text_proj", d, inner, true);
  vision_value_ = make_linear(source, "attn.values_vision_proj", d, inner, true);
  text_value_ = make_linear(source, "attn.values_text_proj", d, inner, true);
  vision_out_ = make_linear(source, "attn.out_vision_proj", inner, d, true);
  text_out_ = make_linear(source, "attn.out_text_proj", inner, d, true);
  vision_scale_ = source("vision_param", {d});
  text_scale_ = source("text_param", {d});
  heads_ = config.encoder_attention_heads / 2;
}

void BidirectionalFusion::apply(at::Tensor& vision, const at::Tensor& vision_padding,
                                at::Tensor& text, const at::Tensor& text_present) const {
  vision = vision_norm_(vision);
  text = text_norm_(text);
  const auto split = [&](const at::Tensor& t) {
    return t.view({t.size(0), t.size(1), heads_, -1}).transpose(1, 2);
  };
  const auto join = [](const at::Tensor& t) {
    return t.transpose(1, 2).reshape({t.size(0), t.size(2), t.size(1) * t.size(3)});
  };
  const at::Tensor query = vision_query_(vision);
  const double scale = std::pow(static_cast<double>(query.size(2) / heads_), -0.5);
  // The reference clamps at 50000 before its softmax, for float16 alone; scores stay far below.
  const at::Tensor scores =
      at::matmul(split(query * scale), split(text_key_(text)).transpose(2, 3));
  const at::Tensor to_text = at::softmax(
      scores.masked_fill(at::logical_not(text_present).unsqueeze(1).unsqueeze(1), kMaskedScore),
      -1);
  // Over vision, which is the third dimension: the transpose is taken after the softmax.
  const at::Tensor to_vision =
      at::softmax(scores.masked_fill(vision_padding.unsqueeze(1).unsqueeze(-1), kMaskedScore), 2);
  const at::Tensor vision_change = join(at::matmul(to_text, split(text_value_(text))));
  const at::Tensor text_change =
      join(at::matmul(to_vision.transpose(2, 3), split(vision_value_(vision))));
  vision = vision + vision_scale_ * vision_out_(vision_change);
  text = text + text_scale_ * text_out_(text_change);
}

FeatureEnhancer::FeatureEnhancer(const GroundingDinoConfig& config, const ParameterSource& source)
    : d_model_(config.d_model) {
  const int64_t d = config.d_model;
  const double eps = config.layer_norm_eps;
  for (int64_t i = 0; i < config.encoder_layers; ++i) {
    const std::string name = "layers." + std::to_string(i) + ".";
    const ParameterSource text = with_prefix(source, name + "text_enhancer_layer.");
    const ParameterSource vision = with_prefix(source, name + "deformable_layer.");
    layers_.push_back({BidirectionalFusion(config, with_prefix(source, name + "fusion_layer.")),
                       make_attention(text, "self_attn", d, config.encoder_attention_heads / 2),
                       make_layer_norm(text, "layer_norm_before", d, eps),
                       make_layer_norm(text, "layer_norm_after", d, eps),
                       make_feed_forward(text, d, config.encoder_ffn_dim / 2),
                       DeformableAttention(vision, "self_attn", d, config.encoder_attention_heads,
                                           config.num_feature_levels, config.encoder_n_points),
                       make_layer_norm(vision, "self_attn_layer_norm", d, eps),
                       make_layer_norm(vision, "final_layer_norm", d, eps),
                       make_feed_forward(vision, d, config.encoder_ffn_dim)});
  }
}

FeatureEnhancer::Output FeatureEnhancer::forward(const VisionFeatures& features,
                                                 const TextFeatures& words, DeformableKernel kernel,
                                                 const Tap& tap) const {
  at::Tensor vision = features.tokens;
  at::Tensor text = words.tokens;
  const at::Tensor reference = centres(features.shapes, features.valid_ratios);
  const at::Tensor text_positions =
      sine_embedding(words.position_ids.unsqueeze(-1), d_model_, kTextTemperature)
          .to(text.scalar_type());
  const at::Tensor allowed = words.allowed.unsqueeze(1);
  const auto tap_states = [&](size_t state) {
    tap_value(tap, "encoder.vision_hidden_states." + std::to_string(state), vision);
    tap_value(tap, "encoder.text_hidden_states." + std::to_string(state), text);
  };
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const std::string name = "encoder" + std::to_string(i) + ".";
    tap_states(i);
    layer.fusion.apply(vision, features.padding, text, words.present);
    tap_value(tap, name + "fusion.vision", vision);
    tap_value(tap, name + "fusion.text", text);

    const at::Tensor placed = text + text_positions;
    text = layer.text_norm1(text + layer.text_attention(placed, placed, text, allowed));
    text = layer.text_norm2(text + layer.text_forward(text));
    tap_value(tap, name + "text_enhancer", text);

    const at::Tensor attended = layer.attention.forward(
        vision + features.positions, vision, features.padding, reference, features.shapes, kernel);
    tap_value(tap, name + "deformable_attention", attended);
    vision = layer.norm1(vision + attended);
    vision = layer.norm2(vision + layer.forward(vision));
    tap_value(tap, name + "deformable_layer", vision);
  }
  tap_states(layers_.size());
  tap_value(tap, "encoder.vision", vision);
  tap_value(tap, "encoder.text", text);
  return {vision, text};
}

}  // namespace vigor
