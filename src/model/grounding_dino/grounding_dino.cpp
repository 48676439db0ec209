#include "model/grounding_dino/grounding_dino.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "model/grounding_dino/text_mask.h"
#include "model/weights.h"

namespace vigor {
namespace {

constexpr int64_t kNormGroups = 32;

std::string replaced(const std::string& name, const std::string& prefix, const std::string& by) {
  return by + name.substr(prefix.size());
}

// Where a file may hold a parameter: under its own name, or where it is tied to.
std::vector<std::string> names_on_disk(const std::string& name, const GroundingDinoConfig& config) {
  std::vector<std::string> names = {name};
  const std::string head = "bbox_embed.";
  const std::string encoder_head = "model.encoder_output_bbox_embed.";
  if (name.starts_with(head)) {
    names.push_back("model.decoder." + name);
    if (config.decoder_bbox_embed_share) {
      const std::string first = head + "0." + name.substr(name.find('.', head.size()) + 1);
      names.push_back(first);
      names.push_back("model.decoder." + first);
    }
  } else if (name.starts_with(encoder_head) && config.two_stage_bbox_embed_share) {
    names.push_back(replaced(name, encoder_head, head + "0."));
  }
  return names;
}

// The part of a level that is picture, [images, 2] as (width, height).
at::Tensor valid_ratio(const at::Tensor& present) {
  const at::Tensor height = present.select(2, 0).sum(1).to(at::kFloat);
  const at::Tensor width = present.select(1, 0).sum(1).to(at::kFloat);
  return at::stack(
      {width / static_cast<double>(present.size(2)), height / static_cast<double>(present.size(1))},
      -1);
}

// Deformable DETR's start: the heads look in different directions, their points ever further.
at::Tensor spread_points(int64_t heads, int64_t levels, int64_t points) {
  std::vector<float> bias;
  for (int64_t head = 0; head < heads; ++head) {
    const double angle =
        2 * std::numbers::pi * static_cast<double>(head) / static_cast<double>(heads);
    const double x = std::cos(angle), y = std::sin(angle);
    const double largest = std::max(std::abs(x), std::abs(y));
    for (int64_t level = 0; level < levels; ++level) {
      for (int64_t point = 1; point <= points; ++point) {
        bias.push_back(static_cast<float>(x / largest * static_cast<double>(point)));
        bias.push_back(static_cast<float>(y / largest * static_cast<double>(point)));
      }
    }
  }
  return at::tensor(bias);
}

}  // namespace

GroundingDino::GroundingDino(const GroundingDinoConfig& config, const ParameterSource& source)
    : config_(config),
      backbone_(config.backbone, with_prefix(source, "model.backbone.conv_encoder.model.")),
      text_(config.text, with_prefix(source, "model.text_backbone.")),
      text_projection_(make_linear(source, "model.text_projection", config.text.hidden_size,
                                   config.d_model, true)),
      level_embedding_(source("model.level_embed", {config.num_feature_levels, config.d_model})),
      enhancer_(config, with_prefix(source, "model.encoder.")),
      selection_(config, source),
      decoder_(config, source) {
  const auto maps = config.backbone.out_stages.size();
  for (int64_t level = 0; level < config.num_feature_levels; ++level) {
    // Levels beyond the backbone's: the first is made of its last map, the others of one another.
    const auto index = static_cast<size_t>(level);
    const bool extra = index >= maps;
    const int64_t channels =
        index <= maps
            ? config.backbone.channels(config.backbone.out_stages[std::min(index, maps - 1)])
            : config.d_model;
    const int64_t kernel = extra ? 3 : 1;
    const std::string name = "model.input_proj_vision." + std::to_string(level);
    Projection projection;
    projection.weight = source(name + ".0.weight", {config.d_model, channels, kernel, kernel});
    projection.bias = source(name + ".0.bias", {config.d_model});
    projection.norm_weight = source(name + ".1.weight", {config.d_model});
    projection.norm_bias = source(name + ".1.bias", {config.d_model});
    if (extra) projection.stride = 2;
    if (extra) projection.padding = 1;
    projections_.push_back(std::move(projection));
  }
}

at::Tensor GroundingDino::Projection::operator()(const at::Tensor& map) const {
  const at::Tensor convolved = at::conv2d(map, weight, bias, {stride, stride}, {padding, padding});
  return at::group_norm(convolved, kNormGroups, norm_weight, norm_bias, 1e-5);
}

at::Tensor GroundingDino::place_embedding(const at::Tensor& present) const {
  const at::Tensor place = present.to(at::kFloat);
  const at::Tensor y = place.cumsum(1);
  const at::Tensor x = place.cumsum(2);
  const at::Tensor height = y.narrow(1, y.size(1) - 1, 1) + 1e-6;
  const at::Tensor width = x.narrow(2, x.size(2) - 1, 1) + 1e-6;
  return sine_embedding(at::stack({y / height, x / width}, -1), config_.d_model / 2,
                        config_.positional_embedding_temperature)
      .permute({0, 3, 1, 2});
}

VisionFeatures GroundingDino::encode_images(const at::Tensor& pixel_values,
                                            const at::Tensor& pixel_mask, const Tap& tap) const {
  const std::vector<at::Tensor> maps = backbone_.forward(pixel_values, kernel_, tap);
  VisionFeatures features;
  std::vector<at::Tensor> tokens, positions, paddings, ratios;
  at::Tensor projected;
  for (size_t level = 0; level < projections_.size(); ++level) {
    const std::string number = std::to_string(level);
    if (level < maps.size()) tap_value(tap, "backbone.feature_map." + number, maps[level]);
    const at::Tensor& input = level < maps.size()    ? maps[level]
                              : level == maps.size() ? maps.back()
                                                     : projected;
    projected = projections_[level](input);
    tap_value(tap, "input_proj." + number, projected);
    const int64_t height = projected.size(2);
    const int64_t width = projected.size(3);
    const at::Tensor present =
        at::upsample_nearest2d(pixel_mask.to(at::kFloat).unsqueeze(1), {height, width})
            .squeeze(1)
            .to(at::kBool);
    const at::Tensor place = place_embedding(present);
    tap_value(tap, "position_embedding." + number, place);
    features.shapes.emplace_back(height, width);
    tokens.push_back(projected.flatten(2).transpose(1, 2));
    positions.push_back(place.flatten(2).transpose(1, 2).to(projected.scalar_type()) +
                        level_embedding_[static_cast<int64_t>(level)]);
    paddings.push_back(at::logical_not(present).flatten(1));
    ratios.push_back(valid_ratio(present));
  }
  features.tokens = at::cat(tokens, 1);
  features.positions = at::cat(positions, 1);
  features.padding = at::cat(paddings, 1);
  features.valid_ratios = at::stack(ratios, 1);
  tap_value(tap, "encoder.input.vision", features.tokens);
  tap_value(tap, "encoder.input.vision_position_embedding", features.positions);
  tap_value(tap, "encoder.input.vision_padding_mask", features.padding);
  tap_value(tap, "encoder.input.valid_ratios", features.valid_ratios);
  return features;
}

TextFeatures GroundingDino::encode_text(const at::Tensor& input_ids,
                                        const at::Tensor& token_type_ids,
                                        const at::Tensor& attention_mask, const Tap& tap) const {
  if (input_ids.size(1) > config_.max_text_len) {
    throw Error({.what = "the prompt has " + std::to_string(input_ids.size(1)) +
                         " tokens, and the detector reads " + std::to_string(config_.max_text_len),
                 .fix = "ask for fewer things at once"});
  }
  if (input_ids.numel() > 0 && (input_ids.min().item<int64_t>() < 0 ||
                                input_ids.max().item<int64_t>() >= config_.text.vocab_size)) {
    throw Error({.what = "the tokenizer gives ids that the detector's vocabulary of " +
                         std::to_string(config_.text.vocab_size) + " does not hold",
                 .cause = "vocab.txt belongs to another checkpoint",
                 .fix = "take vocab.txt from the same download as the weights"});
  }
  const TextMask mask = sub_sentence_mask(input_ids);
  const at::Tensor states =
      text_.forward(input_ids, token_type_ids, mask.position_ids, mask.allowed, tap);
  TextFeatures features;
  features.tokens = text_projection_(states);
  features.present = attention_mask.to(at::kBool);
  features.allowed = mask.allowed;
  features.position_ids = mask.position_ids;
  tap_value(tap, "text_self_attention_mask", mask.allowed);
  tap_value(tap, "text_position_ids", mask.position_ids);
  tap_value(tap, "bert.last_hidden_state", states);
  tap_value(tap, "text_features", features.tokens);
  return features;
}

GroundingDino::Output GroundingDino::ground(const VisionFeatures& vision, const TextFeatures& text,
                                            const Tap& tap) const {
  const FeatureEnhancer::Output enhanced = enhancer_.forward(vision, text, kernel_, tap);
  const Queries queries = selection_.select(vision, text, enhanced, tap);
  const CrossModalityDecoder::Output decoded =
      decoder_.forward(queries, vision, text, enhanced, kernel_, tap);
  const at::Tensor scores = token_scores(decoded.states, enhanced.text, text.present);
  Output output;
  output.logits = at::constant_pad_nd(scores, {0, config_.max_text_len - scores.size(2)},
                                      -std::numeric_limits<double>::infinity());
  output.boxes = decoded.boxes;
  tap_value(tap, "logits", output.logits);
  tap_value(tap, "pred_boxes", output.boxes);
  return output;
}

GroundingDino::EveryLayer GroundingDino::ground_every_layer(const VisionFeatures& vision,
                                                            const TextFeatures& text) const {
  if (!c10::GradMode::is_enabled()) throw Error({.what = "training needs gradients"});
  const FeatureEnhancer::Output enhanced = enhancer_.forward(vision, text, kernel_);
  Queries queries = selection_.select(vision, text, enhanced);
  const CrossModalityDecoder::Output decoded =
      decoder_.forward(queries, vision, text, enhanced, kernel_);
  EveryLayer out;
  for (size_t i = 0; i < decoded.layer_states.size(); ++i) {
    out.layers.push_back({token_scores(decoded.layer_states[i], enhanced.text, text.present),
                          decoded.layer_boxes[i]});
  }
  out.places = std::move(queries.places);
  return out;
}

GroundingDinoCheckpoint open_grounding_dino(const std::filesystem::path& folder,
                                            at::ScalarType dtype, at::Device device) {
  GroundingDinoConfig config = read_grounding_dino_config(folder);
  const auto weights = std::make_shared<const Weights>(Weights::open(folder));
  ParameterSource source = [weights, config, dtype, device](const std::string& name,
                                                            at::IntArrayRef shape) {
    for (const std::string& candidate : names_on_disk(name, config)) {
      if (weights->has(candidate)) return weights->get(candidate, shape).to(device, dtype);
    }
    return weights->get(name, shape);  // throws, naming what is missing
  };
  return {std::move(config), std::move(source)};
}

ParameterSource random_grounding_dino(const GroundingDinoConfig& config, uint64_t seed,
                                      at::ScalarType dtype, at::Device device) {
  // A norm's output has mean 0 over its channels, so that of (a + b 1) (c - d 1) only a c - d_model
  // b d is left: the logit of the starting probability, log(0.01 / 0.99) = -4.6.
  const double prior_bias = std::sqrt(4.6 / static_cast<double>(config.d_model));
  const std::string last_text_norm = "model.encoder.layers." +
                                     std::to_string(config.encoder_layers - 1) +
                                     ".text_enhancer_layer.layer_norm_after.";
  const auto is_table = [](const std::string& name) {
    return name.find("_embeddings.weight") != std::string::npos ||
           name.find("relative_position_bias_table") != std::string::npos;
  };
  return [=, base = random_parameters(seed, dtype, device)](const std::string& name,
                                                            at::IntArrayRef shape) {
    const auto options = at::TensorOptions().dtype(dtype).device(device);
    const bool group_norm =
        name.starts_with("model.input_proj_vision.") && name.ends_with(".1.weight");
    if (name == last_text_norm + "weight") {
      return at::full(shape, 1 / std::sqrt(static_cast<double>(config.d_model)), options);
    }
    if (name == last_text_norm + "bias") return at::full(shape, prior_bias, options);
    if (name == "model.decoder.layer_norm.bias" || name == "model.enc_output_norm.bias") {
      return at::full(shape, -prior_bias, options);
    }
    if (group_norm || name.ends_with("LayerNorm.weight")) return at::ones(shape, options);
    if (name.ends_with("vision_param") || name.ends_with("text_param")) {
      return at::full(shape, 1e-4, options);
    }
    if (name.ends_with("sampling_offsets.bias")) {
      const bool decoder = name.starts_with("model.decoder.");
      return spread_points(
                 decoder ? config.decoder_attention_heads : config.encoder_attention_heads,
                 config.num_feature_levels,
                 decoder ? config.decoder_n_points : config.encoder_n_points)
          .to(device, dtype);
    }
    const bool box_end =
        name.find("bbox_embed.") != std::string::npos && name.ends_with("layers.2.weight");
    if (box_end || name.ends_with("sampling_offsets.weight") ||
        name.ends_with("attention_weights.weight")) {
      return at::zeros(shape, options);
    }
    if (name == "model.level_embed" || name == "model.query_position_embeddings.weight") {
      return base(name, shape) * (1 / 0.02);  // to a deviation of 1
    }
    if (shape.size() < 2 || is_table(name)) return base(name, shape);
    int64_t places = 1;  // of a convolution's kernel
    for (size_t i = 2; i < shape.size(); ++i) places *= shape[i];
    const auto fans = static_cast<double>((shape[0] + shape[1]) * places);
    return base(name, shape) * (std::sqrt(2 / fans) / 0.02);
  };
}

std::array<float, 4> box_corners(const std::array<float, 4>& box, int64_t height, int64_t width) {
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  return {(box[0] - 0.5f * box[2]) * w, (box[1] - 0.5f * box[3]) * h, (box[0] + 0.5f * box[2]) * w,
          (box[1] + 0.5f * box[3]) * h};
}

std::vector<GroundedBox> grounded_boxes(const at::Tensor& logits, const at::Tensor& boxes,
                                        int64_t height, int64_t width, double box_threshold,
                                        double text_threshold) {
  const at::Tensor probabilities =
      at::sigmoid(logits.detach().to(at::kFloat)).to(at::kCPU).contiguous();
  const at::Tensor places = boxes.detach().to(at::kCPU, at::kFloat).contiguous();
  const auto probability = probabilities.accessor<float, 2>();
  const auto place = places.accessor<float, 2>();
  std::vector<GroundedBox> found;
  for (int64_t query = 0; query < probabilities.size(0); ++query) {
    GroundedBox box;
    for (int64_t token = 0; token < probabilities.size(1); ++token) {
      box.score = std::max(box.score, probability[query][token]);
    }
    if (!(static_cast<double>(box.score) > box_threshold)) continue;
    for (int64_t token = 1; token + 1 < probabilities.size(1); ++token) {
      if (static_cast<double>(probability[query][token]) > text_threshold) {
        box.positions.push_back(token);
      }
    }
    const auto& b = place[query];
    box.box = box_corners({b[0], b[1], b[2], b[3]}, height, width);
    found.push_back(std::move(box));
  }
  return found;
}

}  // namespace vigor
