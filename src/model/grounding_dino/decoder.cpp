#include "model/grounding_dino/decoder.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace vigor {
namespace {

constexpr double kQueryTemperature = 10000;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Proposals {
  at::Tensor logits;   // float32 [images, L, 4], +inf where unusable
  at::Tensor useless;  // bool [images, L, 1]
  at::Tensor boxes;    // float32 [images, L, 4]
};

// One box a place: its centre as part of the unpadded picture, and a size by its level.
Proposals propose(const VisionFeatures& vision) {
  std::vector<at::Tensor> boxes;
  const int64_t images = vision.padding.size(0);
  const auto options = vision.valid_ratios.options();
  int64_t start = 0;
  for (size_t level = 0; level < vision.shapes.size(); ++level) {
    const auto [height, width] = vision.shapes[level];
    const at::Tensor present = at::logical_not(
        vision.padding.narrow(1, start, height * width).view({images, height, width}));
    start += height * width;
    const at::Tensor valid_height = present.select(2, 0).sum(1).view({-1, 1, 1});
    const at::Tensor valid_width = present.select(1, 0).sum(1).view({-1, 1, 1});
    const at::Tensor y = (at::arange(height, options) + 0.5).view({1, height, 1}) / valid_height;
    const at::Tensor x = (at::arange(width, options) + 0.5).view({1, 1, width}) / valid_width;
    const at::Tensor size = at::full({images, height, width},
                                     0.05 * std::pow(2.0, static_cast<double>(level)), options);
    boxes.push_back(
        at::stack({x.expand_as(size), y.expand_as(size), size, size}, -1).flatten(1, 2));
  }
  const at::Tensor box = at::cat(boxes, 1);
  const at::Tensor inside = at::logical_and(box.gt(0.01), box.lt(0.99)).all(-1, /*keepdim=*/true);
  const at::Tensor useless = at::logical_or(vision.padding.unsqueeze(-1), at::logical_not(inside));
  return {at::log(box / (1 - box)).masked_fill(useless, kInfinity), useless, box};
}

at::Tensor gather_rows(const at::Tensor& rows, const at::Tensor& index) {
  return rows.gather(1, index.unsqueeze(-1).expand({-1, -1, rows.size(2)}));
}

}  // namespace

at::Tensor token_scores(const at::Tensor& states, const at::Tensor& text,
                        const at::Tensor& present) {
  return at::matmul(states, text.transpose(1, 2))
      .to(at::kFloat)
      .masked_fill(at::logical_not(present).unsqueeze(1), -kInfinity);
}

QuerySelection::QuerySelection(const GroundingDinoConfig& config, const ParameterSource& source)
    : embedding_init_target_(config.embedding_init_target), num_queries_(config.num_queries) {
  const int64_t d = config.d_model;
  output_ = make_linear(source, "model.enc_output", d, d, true);
  norm_ = make_layer_norm(source, "model.enc_output_norm", d, 1e-5);
  boxes_ = make_perceptron(source, "model.encoder_output_bbox_embed", {d, d, d, 4});
  if (embedding_init_target_) {
    contents_ = source("model.query_position_embeddings.weight", {config.num_queries, d});
  }
}

Queries QuerySelection::select(const VisionFeatures& vision, const TextFeatures& text,
                               const FeatureEnhancer::Output& enhanced, const Tap& tap) const {
  const int64_t places = vision.tokens.size(1);
  if (places < num_queries_) {
    throw Error({.what = "the picture gives " + std::to_string(places) +
                         " places, and the detector needs one for each of its " +
                         std::to_string(num_queries_) + " queries",
                 .cause = "the preprocessor makes pictures that are too small for this checkpoint",
                 .fix = "take preprocessor_config.json from the same checkpoint (its shortest side "
                        "is 800), or raise the picture's size"});
  }
  const Proposals proposals = propose(vision);
  const at::Tensor query = norm_(output_(enhanced.vision.masked_fill(proposals.useless, 0)));
  const at::Tensor scores = token_scores(query, enhanced.text, text.present);
  const at::Tensor coordinates = boxes_(query).to(at::kFloat) + proposals.logits;
  const auto [top_score, top] = std::get<0>(scores.max(-1)).topk(num_queries_, 1);

  Queries queries;
  // Each layer learns to move boxes that it is given; those are constants to it.
  queries.reference = gather_rows(coordinates, top).sigmoid().detach();
  queries.target = embedding_init_target_ ? contents_.unsqueeze(0).expand({query.size(0), -1, -1})
                                          : gather_rows(query, top).detach();
  if (c10::GradMode::is_enabled()) {
    queries.places = {proposals.boxes.narrow(-1, 0, 2), proposals.useless.squeeze(-1), scores,
                      coordinates.sigmoid(), top};
  }
  tap_value(tap, "proposals.object_query", query);
  tap_value(tap, "proposals.logits", proposals.logits);
  tap_value(tap, "proposals.class", scores);
  tap_value(tap, "proposals.coord_logits", coordinates);
  tap_value(tap, "proposals.topk_index", top);
  tap_value(tap, "proposals.topk_score", top_score);
  tap_value(tap, "decoder.init_reference_points", queries.reference);
  tap_value(tap, "decoder.input.target", queries.target);
  return queries;
}

CrossModalityDecoder::CrossModalityDecoder(const GroundingDinoConfig& config,
                                           const ParameterSource& source)
    : d_model_(config.d_model) {
  const int64_t d = config.d_model;
  const double eps = config.layer_norm_eps;
  const int64_t heads = config.decoder_attention_heads;
  const ParameterSource decoder = with_prefix(source, "model.decoder.");
  norm_ = make_layer_norm(decoder, "layer_norm", d, eps);
  position_head_ = make_perceptron(decoder, "reference_points_head", {2 * d, d, d});
  for (int64_t i = 0; i < config.decoder_layers; ++i) {
    const ParameterSource at = with_prefix(decoder, "layers." + std::to_string(i) + ".");
    layers_.push_back({make_attention(at, "self_attn", d, heads),
                       make_attention(at, "encoder_attn_text", d, heads),
                       DeformableAttention(at, "encoder_attn", d, heads, config.num_feature_levels,
                                           config.decoder_n_points),
                       make_layer_norm(at, "self_attn_layer_norm", d, eps),
                       make_layer_norm(at, "encoder_attn_text_layer_norm", d, eps),
                       make_layer_norm(at, "encoder_attn_layer_norm", d, eps),
                       make_layer_norm(at, "final_layer_norm", d, eps),
                       make_feed_forward(at, d, config.decoder_ffn_dim),
                       make_perceptron(source, "bbox_embed." + std::to_string(i), {d, d, d, 4})});
  }
}

CrossModalityDecoder::Output CrossModalityDecoder::forward(
    const Queries& queries, const VisionFeatures& vision, const TextFeatures& text,
    const FeatureEnhancer::Output& enhanced, AttentionKernel kernel, const Tap& tap) const {
  const at::Tensor text_present = text.present.unsqueeze(1).unsqueeze(1);
  const at::Tensor ratios = at::cat({vision.valid_ratios, vision.valid_ratios}, -1).unsqueeze(1);
  at::Tensor x = queries.target;
  at::Tensor reference = queries.reference;
  Output output;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const std::string name = "decoder" + std::to_string(i) + ".";
    // As parts of the padded maps: [batch, num_queries, levels, 4].
    const at::Tensor scaled = reference.unsqueeze(2) * ratios;
    const at::Tensor first = scaled.select(2, 0);
    const at::Tensor y_first =
        at::cat({first.narrow(-1, 1, 1), first.narrow(-1, 0, 1), first.narrow(-1, 2, 2)}, -1);
    const at::Tensor position = position_head_(
        sine_embedding(y_first, d_model_ / 2, kQueryTemperature).to(x.scalar_type()));
    tap_value(tap, name + "query_position", position);

    at::Tensor placed = x + position;
    at::Tensor change = layer.self_attention(placed, placed, x, {});
    tap_value(tap, name + "self_attention", change);
    x = layer.self_norm(x + change);
    change = layer.text_attention(x + position, enhanced.text, enhanced.text, text_present);
    tap_value(tap, name + "text_cross_attention", change);
    x = layer.text_norm(x + change);
    change = layer.vision_attention.forward(x + position, enhanced.vision, vision.padding, scaled,
                                            vision.shapes, kernel);
    tap_value(tap, name + "deformable_cross_attention", change);
    x = layer.vision_norm(x + change);
    x = layer.final_norm(x + layer.forward(x));
    tap_value(tap, name + "output_before_final_norm", x);

    const at::Tensor known = inverse_sigmoid(reference);
    output.states = norm_(x);
    // What is reported comes from the normed state, what the next layer sees from the state itself.
    if (i + 1 == layers_.size() || c10::GradMode::is_enabled()) {
      output.boxes = at::sigmoid(layer.boxes(output.states).to(at::kFloat) + known);
    }
    if (c10::GradMode::is_enabled()) {
      output.layer_states.push_back(output.states);
      output.layer_boxes.push_back(output.boxes);
    }
    reference = at::sigmoid(layer.boxes(x).to(at::kFloat) + known).detach();
    tap_value(tap, "decoder.intermediate." + std::to_string(i), output.states);
    tap_value(tap, "decoder.reference_points." + std::to_string(i), reference);
  }
  return output;
}

}  // namespace vigor
