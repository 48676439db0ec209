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

// The picture has thousands of places and the text a few tokens, so that whatever is linear in both
// is done on the tokens: W_q and W_out of the vision side are multiplied into the text's keys and
// values, and W_v comes after the mix (weights of a mix add up to 1, its bias passes through). No
// product has the fusion's inner size for each place. The order of sums aside it is the same.
void BidirectionalFusion::apply(at::Tensor& vision, const at::Tensor& vision_padding,
                                at::Tensor& text, const at::Tensor& text_present) const {
  vision = vision_norm_(vision);
  text = text_norm_(text);
  const int64_t batch = text.size(0);
  const int64_t tokens = text.size(1);
  const int64_t d = text.size(2);
  const int64_t size = vision_query_.weight.size(0) / heads_;
  const int64_t columns = heads_ * tokens;
  const auto split = [&](const at::Tensor& t) {
    return t.view({batch, tokens, heads_, size}).transpose(1, 2);  // [batch, heads, T, size]
  };
  const double scale = std::pow(static_cast<double>(size), -0.5);
  const at::Tensor key = split(text_key_(text)) * scale;
  const at::Tensor query_weight = vision_query_.weight.view({heads_, size, d});
  const at::Tensor query_bias = vision_query_.bias.view({heads_, size, 1});
  // The reference clamps at 50000 before its softmax, for float16 alone; scores stay far below.
  const at::Tensor scores =
      at::baddbmm(at::matmul(key, query_bias).view({batch, 1, columns}), vision,
                  at::matmul(key, query_weight).view({batch, columns, d}).transpose(1, 2));
  const at::Tensor to_text =
      at::softmax(
          scores.view({batch, -1, heads_, tokens})
              .masked_fill(at::logical_not(text_present).unsqueeze(1).unsqueeze(1), kMaskedScore),
          -1)
          .view(scores.sizes());
  const at::Tensor to_vision =
      at::softmax(scores.masked_fill(vision_padding.unsqueeze(-1), kMaskedScore), 1);

  const at::Tensor out_weight =
      (vision_out_.weight * vision_scale_.unsqueeze(1)).view({d, heads_, size}).permute({1, 2, 0});
  const at::Tensor text_value =
      at::matmul(split(text_value_(text)), out_weight).view({batch, columns, d});
  const at::Tensor mixed =
      at::bmm(to_vision.transpose(1, 2), vision).view({batch, heads_, tokens, d});
  const at::Tensor value_weight =
      vision_value_.weight.view({heads_, size, d}).transpose(1, 2);  // [heads, d, size]
  const at::Tensor text_change =
      (at::matmul(mixed, value_weight) + vision_value_.bias.view({heads_, 1, size}))
          .transpose(1, 2)
          .reshape({batch, tokens, heads_ * size});
  vision = at::baddbmm(vision + vision_scale_ * vision_out_.bias, to_text, text_value);
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
                                                 const TextFeatures& words, AttentionKernel kernel,
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
    vision = by_rows(vision + attended, [&](const at::Tensor& rows) {
      const at::Tensor x = layer.norm1(rows);
      return layer.norm2(x + layer.forward(x));
    });
    tap_value(tap, name + "deformable_layer", vision);
  }
  tap_states(layers_.size());
  tap_value(tap, "encoder.vision", vision);
  tap_value(tap, "encoder.text", text);
  return {vision, text};
}

}  // namespace vigor
