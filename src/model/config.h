// Geometry of a LLaVA checkpoint, read from config.json of either layout in the wild.
//
// model/ holds weights on disk and the networks: CLIP ViT, LLaMA, LLaVA. It needs LibTorch and
// nlohmann/json alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/json.h"

namespace vigor {

// transformers CLIPVisionConfig; the defaults are the library's, for sparse configs.
struct ClipVisionConfig {
  int64_t hidden_size = 768;
  int64_t intermediate_size = 3072;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t image_size = 224;  // pixels, square
  int64_t patch_size = 32;   // pixels; divides image_size
  double layer_norm_eps = 1e-5;
  std::string hidden_act = "quick_gelu";  // or "gelu"

  int64_t patches() const { return (image_size / patch_size) * (image_size / patch_size); }
};

// transformers LlamaConfig.
struct LlamaConfig {
  int64_t vocab_size = 32000;
  int64_t hidden_size = 4096;
  int64_t intermediate_size = 11008;
  int64_t num_hidden_layers = 32;
  int64_t num_attention_heads = 32;
  int64_t num_key_value_heads = 32;
  int64_t head_dim = 128;
  int64_t max_position_embeddings = 2048;  // tokens
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000.0;
  bool tie_word_embeddings = false;
};

enum class CheckpointLayout {
  kHuggingFace,  // llava-hf: LlavaForConditionalGeneration
  kOriginal,     // liuhaotian: LlavaLlamaForCausalLM, vision tower in its own folder
};

struct LlavaConfig {
  CheckpointLayout layout = CheckpointLayout::kHuggingFace;
  ClipVisionConfig vision;
  LlamaConfig text;
  std::string projector = "linear";  // "linear" or "mlp2x_gelu" (exact erf gelu)
  // Index into the vision tower's hidden states (entry 0 is the embedding output); negative counts
  // from the end.
  int64_t vision_feature_layer = -2;
  bool drop_class_token = true;      // "default"/"patch" drop it, "full"/"cls_patch" keep it
  int64_t image_token_index = -200;  // id of <image> in the vocabulary; -200 in the original layout
  bool image_pad = false;            // image_aspect_ratio: pad (to square, with the mean colour)
  bool mm_use_im_start_end = false;
  std::string vision_tower;  // original layout: folder or hub name of the vision tower
  std::string torch_dtype;   // dtype on disk as the config says, "" when it does not

  // Tokens that one image takes in the language model.
  int64_t image_tokens() const { return vision.patches() + (drop_class_token ? 0 : 1); }
  // Vision layers that must run to reach vision_feature_layer, 0 to num_hidden_layers.
  int64_t vision_layers_needed() const;
};

// Reads `folder`/config.json. Throws Error when it is not a LLaVA config, a value is impossible, or
// (original layout) the vision tower's own config cannot be found. `vision_tower` overrides where
// the tower of the original layout lies.
LlavaConfig read_llava_config(const std::filesystem::path& folder,
                              const std::filesystem::path& vision_tower = {});

// The same from a parsed config (a geometry file: the llava-hf form). `where` names it in messages.
LlavaConfig parse_llava_config(const Json& config, const std::string& where,
                               const std::filesystem::path& folder = {},
                               const std::filesystem::path& vision_tower = {});

// The folder of the original layout's vision tower: `override`, else mm_vision_tower as a path
// relative to the checkpoint, else a folder of the hub name's last part beside the checkpoint.
std::filesystem::path find_vision_tower(const LlavaConfig& config,
                                        const std::filesystem::path& folder,
                                        const std::filesystem::path& override_path);

// The llava-hf config.json of a geometry, complete enough for transformers.
Json llava_config_json(const LlavaConfig& config, const std::string& torch_dtype);

}  // namespace vigor
