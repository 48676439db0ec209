// Geometry of a Grounding DINO checkpoint (Liu et al., "Grounding DINO", 2023), read from the
// config.json of a Hugging Face folder.
//
// model/grounding_dino holds the open-set detector, network only: Swin backbone, BERT text encoder
// with the sub-sentence mask, feature enhancer, language-guided query selection and the
// cross-modality decoder. Text and pictures become tensors elsewhere (text/, image/, vigor/).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"

namespace vigor {

// transformers SwinConfig; the defaults are the library's, for sparse configs.
struct SwinConfig {
  int64_t embed_dim = 96;  // channels of the first stage; doubled by every following stage
  std::vector<int64_t> depths = {2, 2, 6, 2};
  std::vector<int64_t> num_heads = {3, 6, 12, 24};
  int64_t window_size = 7;  // patches, square
  int64_t patch_size = 4;   // pixels, square
  double mlp_ratio = 4.0;
  bool qkv_bias = true;
  double layer_norm_eps = 1e-5;
  // Stages (1 to depths.size()) whose output the detector takes, ascending.
  std::vector<int64_t> out_stages = {2, 3, 4};

  int64_t channels(int64_t stage) const { return embed_dim << (stage - 1); }
};

// transformers BertConfig.
struct BertConfig {
  int64_t vocab_size = 30522;
  int64_t hidden_size = 768;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t intermediate_size = 3072;
  int64_t max_position_embeddings = 512;
  int64_t type_vocab_size = 2;
  double layer_norm_eps = 1e-12;
};

// transformers GroundingDinoConfig.
struct GroundingDinoConfig {
  SwinConfig backbone;
  BertConfig text;
  int64_t d_model = 256;
  int64_t encoder_layers = 6;
  int64_t encoder_ffn_dim = 2048;
  int64_t encoder_attention_heads = 8;
  int64_t encoder_n_points = 4;
  int64_t decoder_layers = 6;
  int64_t decoder_ffn_dim = 2048;
  int64_t decoder_attention_heads = 8;
  int64_t decoder_n_points = 4;
  int64_t num_queries = 900;
  int64_t num_feature_levels = 4;
  int64_t max_text_len = 256;  // tokens, [CLS] and [SEP] included
  double positional_embedding_temperature = 20;
  double layer_norm_eps = 1e-5;
  bool embedding_init_target = true;
  bool decoder_bbox_embed_share = true;
  bool two_stage_bbox_embed_share = false;
};

// Reads `folder`/config.json. Throws Error when it is not a Grounding DINO config, a value is
// impossible, or it asks for a variant that is not implemented (another backbone, one stage).
GroundingDinoConfig read_grounding_dino_config(const std::filesystem::path& folder);
// The same from a parsed config (a geometry file); `where` names it in messages.
GroundingDinoConfig parse_grounding_dino_config(const Json& config, const std::string& where);

}  // namespace vigor
