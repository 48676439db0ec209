#include "model/config.h"

#include "base/files.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void impossible(const std::string& what, const std::string& where) {
  throw Error({.what = what,
               .where = where,
               .cause = "config.json belongs to another model, or was edited",
               .fix = "take config.json from the checkpoint's own download"});
}

int64_t positive(ObjectReader& reader, const std::string& key, int64_t fallback) {
  const auto value = reader.get<int64_t>(key, fallback);
  if (value < 1 || value > (int64_t{1} << 31)) {
    impossible("'" + key + "' is " + std::to_string(value) + ", which no model has",
               reader.where());
  }
  return value;
}

ClipVisionConfig parse_vision(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  ClipVisionConfig config;
  config.hidden_size = positive(reader, "hidden_size", config.hidden_size);
  config.intermediate_size = positive(reader, "intermediate_size", config.intermediate_size);
  config.num_hidden_layers = positive(reader, "num_hidden_layers", config.num_hidden_layers);
  config.num_attention_heads = positive(reader, "num_attention_heads", config.num_attention_heads);
  config.image_size = positive(reader, "image_size", config.image_size);
  config.patch_size = positive(reader, "patch_size", config.patch_size);
  config.layer_norm_eps = reader.get<double>("layer_norm_eps", config.layer_norm_eps);
  config.hidden_act = reader.get<std::string>("hidden_act", config.hidden_act);
  if (config.hidden_size % config.num_attention_heads != 0) {
    impossible("hidden_size is not a multiple of num_attention_heads", where);
  }
  if (config.image_size < config.patch_size) {
    impossible("image_size is smaller than patch_size", where);
  }
  if (config.hidden_act != "quick_gelu" && config.hidden_act != "gelu") {
    impossible(
        "hidden_act '" + printable(config.hidden_act) + "' is not supported (quick_gelu, gelu)",
        where);
  }
  return config;
}

LlamaConfig parse_text(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  LlamaConfig config;
  config.vocab_size = positive(reader, "vocab_size", config.vocab_size);
  config.hidden_size = positive(reader, "hidden_size", config.hidden_size);
  config.intermediate_size = positive(reader, "intermediate_size", config.intermediate_size);
  config.num_hidden_layers = positive(reader, "num_hidden_layers", config.num_hidden_layers);
  config.num_attention_heads = positive(reader, "num_attention_heads", config.num_attention_heads);
  config.num_key_value_heads = positive(reader, "num_key_value_heads", config.num_attention_heads);
  config.max_position_embeddings =
      positive(reader, "max_position_embeddings", config.max_position_embeddings);
  config.rms_norm_eps = reader.get<double>("rms_norm_eps", config.rms_norm_eps);
  config.rope_theta = reader.get<double>("rope_theta", config.rope_theta);
  config.tie_word_embeddings = reader.get<bool>("tie_word_embeddings", false);
  if (config.hidden_size % config.num_attention_heads != 0) {
    impossible("hidden_size is not a multiple of num_attention_heads", where);
  }
  config.head_dim = positive(reader, "head_dim", config.hidden_size / config.num_attention_heads);
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    impossible("num_attention_heads is not a multiple of num_key_value_heads", where);
  }
  if (config.head_dim % 2 != 0) impossible("the head size is odd, rotary needs pairs", where);
  const std::string act = reader.get<std::string>("hidden_act", "silu");
  if (act != "silu") impossible("hidden_act '" + printable(act) + "' is not LLaMA's silu", where);
  const Json* scaling = reader.find("rope_scaling");
  if (scaling != nullptr && !scaling->is_null()) {
    impossible("rope_scaling is not supported: answers would be silently wrong", where);
  }
  return config;
}

std::string base_name(const std::string& hub_name) {
  const size_t slash = hub_name.rfind('/');
  return slash == std::string::npos ? hub_name : hub_name.substr(slash + 1);
}

LlavaConfig parse_original(const Json& json, const std::string& where, const fs::path& folder,
                           const fs::path& tower_override) {
  LlavaConfig config;
  config.layout = CheckpointLayout::kOriginal;
  config.text = parse_text(json, where);
  ObjectReader reader(json, where);
  config.vision_tower = reader.get<std::string>("mm_vision_tower", "");
  config.projector = reader.get<std::string>("mm_projector_type", "linear");
  config.vision_feature_layer = reader.get<int64_t>("mm_vision_select_layer", -2);
  const std::string select = reader.get<std::string>("mm_vision_select_feature", "patch");
  if (select != "patch" && select != "cls_patch") {
    impossible("mm_vision_select_feature '" + printable(select) + "' is not patch or cls_patch",
               where);
  }
  config.drop_class_token = select == "patch";
  config.image_pad = reader.get<std::string>("image_aspect_ratio", "square") == "pad";
  config.mm_use_im_start_end = reader.get<bool>("mm_use_im_start_end", false);
  config.torch_dtype = reader.get<std::string>("torch_dtype", "");
  const fs::path tower = find_vision_tower(config, folder, tower_override);
  const fs::path tower_config = tower / "config.json";
  const Json vision = read_json_file(tower_config);
  const auto nested = vision.find("vision_config");
  config.vision = parse_vision(nested == vision.end() ? vision : *nested, tower_config.string());
  return config;
}

LlavaConfig parse_hugging_face(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  LlavaConfig config;
  // The family first: what another one lacks is no mistake of its own.
  const auto family = [&](ObjectReader from, const std::string& expected) {
    const std::string type = from.get<std::string>("model_type", expected);
    if (type != expected)
      impossible("model_type is '" + printable(type) + "', not " + expected, from.where());
  };
  family(ObjectReader(json, where), "llava");
  const Json* text = reader.find("text_config");
  const Json* vision = reader.find("vision_config");
  if (text == nullptr || vision == nullptr) {
    impossible(std::string("'") + (text == nullptr ? "text_config" : "vision_config") +
                   "' is missing: not a llava-hf checkpoint",
               where);
  }
  family(ObjectReader(*text, where + ": text_config"), "llama");
  config.text = parse_text(*text, where + ": text_config");
  config.vision = parse_vision(*vision, where + ": vision_config");
  // Tying is said at either level; both default to untied in LLaVA.
  if (const Json* tied = reader.find("tie_word_embeddings");
      tied != nullptr && tied->is_boolean()) {
    config.text.tie_word_embeddings = config.text.tie_word_embeddings || tied->get<bool>();
  }
  // mlp2x_gelu is the only projector of llava-hf; our own "projector_type" names the linear one.
  config.projector = reader.get<std::string>("projector_type", "mlp2x_gelu");
  const Json* layer = reader.find("vision_feature_layer");
  if (layer != nullptr && !layer->is_number_integer()) {
    impossible("'vision_feature_layer' must be one whole number", where);
  }
  config.vision_feature_layer = reader.get<int64_t>("vision_feature_layer", -2);
  const std::string select = reader.get<std::string>("vision_feature_select_strategy", "default");
  if (select != "default" && select != "full") {
    impossible("vision_feature_select_strategy '" + printable(select) + "' is not default or full",
               where);
  }
  config.drop_class_token = select == "default";
  const int64_t fallback = reader.get<int64_t>("image_token_id", 32000);
  config.image_token_index = reader.get<int64_t>("image_token_index", fallback);
  config.image_pad = reader.get<std::string>("image_aspect_ratio", "square") == "pad";
  config.torch_dtype = reader.get<std::string>("torch_dtype", "");
  return config;
}

}  // namespace

int64_t LlavaConfig::vision_layers_needed() const {
  return vision_feature_layer >= 0 ? vision_feature_layer
                                   : vision.num_hidden_layers + 1 + vision_feature_layer;
}

fs::path find_vision_tower(const LlavaConfig& config, const fs::path& folder,
                           const fs::path& override_path) {
  if (!override_path.empty()) return override_path;
  const std::string& name = config.vision_tower;
  std::vector<fs::path> tried;
  if (!name.empty()) {
    tried = {folder / name, fs::path(name), folder / base_name(name),
             folder.parent_path() / base_name(name)};
    for (const fs::path& candidate : tried) {
      if (fs::exists(candidate / "config.json")) return candidate;
    }
  }
  throw Error({.what = "the vision tower '" + printable(name) + "' is not there",
               .where = (folder / "config.json").string(),
               .cause = "checkpoints in the original layout keep the vision tower in a repository "
                        "of its own",
               .fix = "download it and put it beside the checkpoint as '" +
                      printable(base_name(name)) + "', or give --vision-tower DIR"});
}

LlavaConfig parse_llava_config(const Json& json, const std::string& where, const fs::path& folder,
                               const fs::path& vision_tower) {
  ObjectReader reader(json, where);
  const bool original =
      !reader.has("text_config") && (reader.has("mm_vision_tower") || reader.has("mm_hidden_size"));
  LlavaConfig config = original ? parse_original(json, where, folder, vision_tower)
                                : parse_hugging_face(json, where);
  if (config.projector == "identity" ||
      (config.projector != "linear" && config.projector != "mlp2x_gelu")) {
    impossible("projector '" + printable(config.projector) + "' is not linear or mlp2x_gelu",
               where);
  }
  const int64_t needed = config.vision_layers_needed();
  if (needed < 0 || needed > config.vision.num_hidden_layers) {
    impossible("vision_feature_layer " + std::to_string(config.vision_feature_layer) +
                   " is outside of the " + std::to_string(config.vision.num_hidden_layers) +
                   " vision layers",
               where);
  }
  return config;
}

LlavaConfig read_llava_config(const fs::path& folder, const fs::path& vision_tower) {
  const fs::path file = folder / "config.json";
  if (!fs::is_directory(folder)) {
    throw Error({.what = "is not a checkpoint folder",
                 .where = printable(folder.string()),
                 .cause = fs::exists(folder) ? "it is a file" : "it does not exist",
                 .fix = "give the folder that holds config.json and the weights"});
  }
  return parse_llava_config(read_json_file(file), file.string(), folder, vision_tower);
}

Json llava_config_json(const LlavaConfig& config, const std::string& torch_dtype) {
  Json json = {{"architectures", {"LlavaForConditionalGeneration"}},
               {"model_type", "llava"},
               {"ignore_index", -100},
               {"image_token_index", config.image_token_index},
               {"projector_hidden_act", "gelu"},
               {"vision_feature_layer", config.vision_feature_layer},
               {"vision_feature_select_strategy", config.drop_class_token ? "default" : "full"},
               {"image_seq_length", config.image_tokens()},
               {"tie_word_embeddings", config.text.tie_word_embeddings},
               {"torch_dtype", torch_dtype},
               {"text_config",
                {{"model_type", "llama"},
                 {"vocab_size", config.text.vocab_size},
                 {"hidden_size", config.text.hidden_size},
                 {"intermediate_size", config.text.intermediate_size},
                 {"num_hidden_layers", config.text.num_hidden_layers},
                 {"num_attention_heads", config.text.num_attention_heads},
                 {"num_key_value_heads", config.text.num_key_value_heads},
                 {"max_position_embeddings", config.text.max_position_embeddings},
                 {"rms_norm_eps", config.text.rms_norm_eps},
                 {"rope_theta", config.text.rope_theta},
                 {"hidden_act", "silu"},
                 {"tie_word_embeddings", config.text.tie_word_embeddings},
                 {"torch_dtype", torch_dtype}}},
               {"vision_config",
                {{"model_type", "clip_vision_model"},
                 {"hidden_size", config.vision.hidden_size},
                 {"intermediate_size", config.vision.intermediate_size},
                 {"num_hidden_layers", config.vision.num_hidden_layers},
                 {"num_attention_heads", config.vision.num_attention_heads},
                 {"image_size", config.vision.image_size},
                 {"patch_size", config.vision.patch_size},
                 {"layer_norm_eps", config.vision.layer_norm_eps},
                 {"hidden_act", config.vision.hidden_act}}}};
  if (config.text.head_dim * config.text.num_attention_heads != config.text.hidden_size) {
    json["text_config"]["head_dim"] = config.text.head_dim;
  }
  if (config.projector == "linear") json["projector_type"] = "linear";
  if (config.image_pad) json["image_aspect_ratio"] = "pad";
  return json;
}

}  // namespace vigor
