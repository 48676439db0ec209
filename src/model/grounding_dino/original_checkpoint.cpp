#include "model/grounding_dino/original_checkpoint.h"

#include <ATen/ATen.h>

#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/weights.h"

namespace vigor {
namespace {

using Names = std::pair<std::string_view, std::string_view>;  // Hugging Face's, the official

// What follows a number of a layer or a block: a part of the name up to ".weight" or ".bias".
constexpr Names kSwinBlock[] = {
    {"layernorm_before", "norm1"},
    {"layernorm_after", "norm2"},
    {"attention.self.relative_position_bias_table", "attn.relative_position_bias_table"},
    {"attention.output.dense", "attn.proj"},
    {"intermediate.dense", "mlp.fc1"},
    {"output.dense", "mlp.fc2"}};
constexpr Names kDeformableLayer[] = {{"self_attn_layer_norm", "norm1"},
                                      {"final_layer_norm", "norm2"},
                                      {"self_attn", "self_attn"},
                                      {"fc1", "linear1"},
                                      {"fc2", "linear2"}};
constexpr Names kTextLayer[] = {{"self_attn.out_proj", "self_attn.out_proj"},
                                {"layer_norm_before", "norm1"},
                                {"layer_norm_after", "norm2"},
                                {"fc1", "linear1"},
                                {"fc2", "linear2"}};
constexpr Names kFusionLayer[] = {{"vision_param", "gamma_v"},
                                  {"text_param", "gamma_l"},
                                  {"layer_norm_vision", "layer_norm_v"},
                                  {"layer_norm_text", "layer_norm_l"},
                                  {"attn.vision_proj", "attn.v_proj"},
                                  {"attn.text_proj", "attn.l_proj"},
                                  {"attn.values_vision_proj", "attn.values_v_proj"},
                                  {"attn.values_text_proj", "attn.values_l_proj"},
                                  {"attn.out_vision_proj", "attn.out_v_proj"},
                                  {"attn.out_text_proj", "attn.out_l_proj"}};
constexpr Names kDecoderLayer[] = {{"encoder_attn_text_layer_norm", "catext_norm"},
                                   {"encoder_attn_text.out_proj", "ca_text.out_proj"},
                                   {"encoder_attn_layer_norm", "norm1"},
                                   {"encoder_attn", "cross_attn"},
                                   {"self_attn_layer_norm", "norm2"},
                                   {"self_attn.out_proj", "self_attn.out_proj"},
                                   {"final_layer_norm", "norm3"},
                                   {"fc1", "linear1"},
                                   {"fc2", "linear2"}};
constexpr Names kWhole[] = {
    {"model.backbone.conv_encoder.model.embeddings.patch_embeddings.projection",
     "backbone.0.patch_embed.proj"},
    {"model.backbone.conv_encoder.model.embeddings.norm", "backbone.0.patch_embed.norm"},
    {"model.text_backbone", "bert"},
    {"model.text_projection", "feat_map"},
    {"model.input_proj_vision", "input_proj"},
    {"model.level_embed", "transformer.level_embed"},
    {"model.enc_output_norm", "transformer.enc_output_norm"},
    {"model.enc_output", "transformer.enc_output"},
    {"model.encoder_output_bbox_embed", "transformer.enc_out_bbox_embed"},
    {"model.query_position_embeddings", "transformer.tgt_embed"},
    {"model.decoder.layer_norm", "transformer.decoder.norm"},
    {"model.decoder.reference_points_head", "transformer.decoder.ref_point_head"},
    {"bbox_embed", "bbox_embed"}};

// The name with its beginning replaced, where a pair's name ends at a dot or at the end.
template <size_t N>
std::string renamed(std::string_view name, const Names (&pairs)[N]) {
  for (const auto& [from, to] : pairs) {
    if (!name.starts_with(from)) continue;
    const std::string_view rest = name.substr(from.size());
    if (rest.empty() || rest.front() == '.') return std::string(to) + std::string(rest);
  }
  return std::string(name);
}

// Cuts "PREFIX" and then "NUMBER." from the beginning of `rest`; false when they are not there.
bool cut(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) return false;
  rest.remove_prefix(prefix.size());
  return true;
}
std::string cut_number(std::string_view& rest) {
  const size_t end = std::min(rest.find('.'), rest.size());
  const std::string number(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return number;
}

// "PREFIX.query.weight" -> "BY_weight" and the third; false when it is no part of an attention.
bool is_third(std::string_view rest, std::string_view prefix, const std::string& by,
              OriginalPlace& place) {
  constexpr std::array<std::string_view, 3> kParts = {"query.", "key.", "value."};
  if (!cut(rest, prefix)) return false;
  for (size_t i = 0; i < kParts.size(); ++i) {
    if (!rest.starts_with(kParts[i])) continue;
    place = {by + std::string(rest.substr(kParts[i].size())), static_cast<int>(i)};
    return true;
  }
  return false;
}

}  // namespace

OriginalPlace original_place(const std::string& name) {
  std::string_view rest = name;
  OriginalPlace place;
  if (cut(rest, "model.backbone.conv_encoder.model.encoder.layers.")) {
    const std::string stage = "backbone.0.layers." + cut_number(rest) + ".";
    if (!cut(rest, "blocks.")) return {stage + std::string(rest)};  // downsample
    const std::string block = stage + "blocks." + cut_number(rest) + ".";
    if (is_third(rest, "attention.self.", block + "attn.qkv.", place)) return place;
    return {block + renamed(rest, kSwinBlock)};
  }
  if (cut(rest, "model.backbone.conv_encoder.model.hidden_states_norms.stage")) {
    // The official code counts stages from 0.
    const std::string number = cut_number(rest);
    const char before = number.empty() ? '?' : static_cast<char>(number[0] - 1);
    return {std::string("backbone.0.norm") + before + "." + std::string(rest)};
  }
  if (cut(rest, "model.encoder.layers.")) {
    const std::string number = cut_number(rest) + ".";
    const std::string encoder = "transformer.encoder.";
    if (cut(rest, "deformable_layer.")) {
      return {encoder + "layers." + number + renamed(rest, kDeformableLayer)};
    }
    if (cut(rest, "fusion_layer.")) {
      return {encoder + "fusion_layers." + number + renamed(rest, kFusionLayer)};
    }
    cut(rest, "text_enhancer_layer.");
    const std::string layer = encoder + "text_layers." + number;
    if (is_third(rest, "self_attn.", layer + "self_attn.in_proj_", place)) return place;
    return {layer + renamed(rest, kTextLayer)};
  }
  if (cut(rest, "model.decoder.layers.")) {
    const std::string layer = "transformer.decoder.layers." + cut_number(rest) + ".";
    if (is_third(rest, "self_attn.", layer + "self_attn.in_proj_", place) ||
        is_third(rest, "encoder_attn_text.", layer + "ca_text.in_proj_", place)) {
      return place;
    }
    return {layer + renamed(rest, kDecoderLayer)};
  }
  return {renamed(name, kWhole)};
}

GroundingDinoCheckpoint open_original_grounding_dino(const std::filesystem::path& file,
                                                     const std::filesystem::path& config,
                                                     at::ScalarType dtype, at::Device device) {
  GroundingDinoConfig geometry =
      parse_grounding_dino_config(read_json_file(config), config.string());
  const auto weights = std::make_shared<const Weights>(Weights::open_file(file));
  constexpr std::array kPrefixes = {"model.", "", "model.module.", "module."};
  std::string prefix;
  bool known = false;
  for (const char* candidate : kPrefixes) {
    if (known || !weights->has(std::string(candidate) + "transformer.level_embed")) continue;
    prefix = candidate;
    known = true;
  }
  if (!known) {
    throw Error({.what =
                     "is no checkpoint of the official Grounding DINO: 'transformer.level_embed' "
                     "is not in it",
                 .where = printable(file.string()),
                 .cause = "it is another model's, or only a part of a checkpoint",
                 .fix = "give groundingdino_swint_ogc.pth or groundingdino_swinb_cogcoor.pth, or a "
                        "Hugging Face folder"});
  }
  ParameterSource source = [=](const std::string& name, at::IntArrayRef shape) {
    const OriginalPlace place = original_place(name);
    std::string there = prefix + place.name;
    const std::string head = "bbox_embed.";
    if (!weights->has(there) && name.starts_with(head)) {
      // The decoder holds the heads as well; shared ones may be there once.
      const std::string end = name.substr(name.find('.', head.size()) + 1);
      for (const std::string& other :
           {prefix + "transformer.decoder." + name, prefix + head + "0." + end,
            prefix + "transformer.decoder." + head + "0." + end}) {
        if (weights->has(other)) {
          there = other;
          break;
        }
      }
    }
    if (place.third < 0) return weights->get(there, shape).to(device, dtype);
    std::vector<int64_t> whole = shape.vec();
    whole[0] *= 3;
    return weights->get(there, whole)
        .narrow(0, place.third * shape[0], shape[0])
        .to(device, dtype)
        .contiguous();
  };
  return {std::move(geometry), std::move(source)};
}

}  // namespace vigor
