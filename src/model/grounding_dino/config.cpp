#include "model/grounding_dino/config.h"

namespace vigor {
namespace {

[[noreturn]] void impossible(const std::string& what, const std::string& where) {
  throw Error({.what = what,
               .where = where,
               .cause = "config.json belongs to another model, or was edited",
               .fix = "take config.json from the download of a Hugging Face Grounding DINO "
                      "checkpoint (grounding-dino-tiny, grounding-dino-base)"});
}

int64_t positive(ObjectReader& reader, const std::string& key, int64_t fallback) {
  const auto value = reader.get<int64_t>(key, fallback);
  if (value < 1 || value > (int64_t{1} << 24)) {
    impossible("'" + key + "' is " + std::to_string(value) + ", which no detector has",
               reader.where());
  }
  return value;
}

double positive_real(ObjectReader& reader, const std::string& key, double fallback) {
  const auto value = reader.get<double>(key, fallback);
  if (!(value > 0)) impossible("'" + key + "' must be above 0", reader.where());
  return value;
}

std::vector<int64_t> positive_list(ObjectReader& reader, const std::string& key,
                                   std::vector<int64_t> fallback) {
  auto values = reader.get<std::vector<int64_t>>(key, std::move(fallback));
  for (const int64_t value : values) {
    if (value < 1 || value > 65536) {
      impossible("'" + key + "' holds " + std::to_string(value) + ", which no detector has",
                 reader.where());
    }
  }
  return values;
}

// The only value that is implemented.
void must_be(ObjectReader& reader, const std::string& key, const std::string& value) {
  const auto given = reader.get<std::string>(key, value);
  if (given != value) {
    impossible("'" + key + "' is '" + printable(given) + "'; only '" + value + "' is supported",
               reader.where());
  }
}

void multiple(int64_t size, int64_t of, const std::string& what, const std::string& where) {
  if (size % of != 0) {
    impossible(what + ": " + std::to_string(size) + " is not a multiple of " + std::to_string(of),
               where);
  }
}

SwinConfig parse_swin(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  SwinConfig config;
  must_be(reader, "model_type", "swin");
  must_be(reader, "hidden_act", "gelu");
  if (reader.get<bool>("use_absolute_embeddings", false)) {
    impossible("'use_absolute_embeddings' is not supported", where);
  }
  config.embed_dim = positive(reader, "embed_dim", config.embed_dim);
  config.depths = positive_list(reader, "depths", config.depths);
  config.num_heads = positive_list(reader, "num_heads", config.num_heads);
  config.window_size = positive(reader, "window_size", config.window_size);
  config.patch_size = positive(reader, "patch_size", config.patch_size);
  config.mlp_ratio = positive_real(reader, "mlp_ratio", config.mlp_ratio);
  config.qkv_bias = reader.get<bool>("qkv_bias", config.qkv_bias);
  config.layer_norm_eps = positive_real(reader, "layer_norm_eps", config.layer_norm_eps);
  const auto stages = static_cast<int64_t>(config.depths.size());
  if (stages < 1 || stages > 8 || config.num_heads.size() != config.depths.size()) {
    impossible("'depths' and 'num_heads' must have one entry a stage", where);
  }
  if (const Json* names = reader.find("out_features"); names != nullptr && names->is_array()) {
    config.out_stages.clear();
    for (const Json& name : *names) {
      const std::string text = name.is_string() ? name.get<std::string>() : "";
      const bool digit = text.size() == 6 && text.starts_with("stage") && text[5] > '0' &&
                         text[5] <= '0' + static_cast<char>(stages);
      if (!digit) impossible("'out_features' names a stage that is not there", where);
      config.out_stages.push_back(text[5] - '0');
    }
  } else {
    config.out_stages = positive_list(reader, "out_indices", config.out_stages);
  }
  int64_t before = 0;
  for (const int64_t stage : config.out_stages) {
    if (stage <= before || stage > stages) {
      impossible("the backbone's output stages must ascend within its stages", where);
    }
    before = stage;
  }
  if (config.out_stages.empty()) impossible("the backbone has no output stage", where);
  for (int64_t i = 0; i < stages; ++i) {
    multiple(config.channels(i + 1), config.num_heads[static_cast<size_t>(i)],
             "channels of a backbone stage by its heads", where);
  }
  return config;
}

BertConfig parse_bert(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  BertConfig config;
  must_be(reader, "model_type", "bert");
  must_be(reader, "hidden_act", "gelu");
  must_be(reader, "position_embedding_type", "absolute");
  config.vocab_size = positive(reader, "vocab_size", config.vocab_size);
  config.hidden_size = positive(reader, "hidden_size", config.hidden_size);
  config.num_hidden_layers = positive(reader, "num_hidden_layers", config.num_hidden_layers);
  config.num_attention_heads = positive(reader, "num_attention_heads", config.num_attention_heads);
  config.intermediate_size = positive(reader, "intermediate_size", config.intermediate_size);
  config.max_position_embeddings =
      positive(reader, "max_position_embeddings", config.max_position_embeddings);
  config.type_vocab_size = positive(reader, "type_vocab_size", config.type_vocab_size);
  config.layer_norm_eps = positive_real(reader, "layer_norm_eps", config.layer_norm_eps);
  multiple(config.hidden_size, config.num_attention_heads, "hidden_size by the heads", where);
  return config;
}

void check(const GroundingDinoConfig& config, const std::string& where) {
  // The projections are normalised in 32 groups of channels.
  multiple(config.d_model, 32, "'d_model' by the groups of its norms", where);
  multiple(config.d_model, config.encoder_attention_heads, "'d_model' by the encoder's heads",
           where);
  multiple(config.d_model, config.decoder_attention_heads, "'d_model' by the decoder's heads",
           where);
  multiple(config.encoder_attention_heads, 2, "'encoder_attention_heads' (fusion takes half)",
           where);
  multiple(config.d_model, config.encoder_attention_heads / 2, "'d_model' by the text's heads",
           where);
  multiple(config.encoder_ffn_dim, config.encoder_attention_heads,
           "'encoder_ffn_dim' by the heads of the fusion", where);
  if (config.num_feature_levels < static_cast<int64_t>(config.backbone.out_stages.size()) ||
      config.num_feature_levels > 16) {
    impossible("'num_feature_levels' is below the backbone's outputs, or above 16", where);
  }
  if (config.max_text_len > config.text.max_position_embeddings) {
    impossible("'max_text_len' is above the text encoder's positions", where);
  }
}

}  // namespace

GroundingDinoConfig parse_grounding_dino_config(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  const auto type = reader.get<std::string>("model_type", "");
  if (type != "grounding-dino") {
    impossible("'model_type' is '" + printable(type) + "', not 'grounding-dino'", where);
  }
  if (const Json* backbone = reader.find("backbone"); backbone != nullptr && !backbone->is_null()) {
    impossible("'backbone' names an outside backbone; only Swin by 'backbone_config' is supported",
               where);
  }
  must_be(reader, "activation_function", "relu");
  must_be(reader, "position_embedding_type", "sine");
  if (!reader.get<bool>("two_stage", true)) impossible("'two_stage' must be true", where);
  if (reader.get<int64_t>("query_dim", 4) != 4) impossible("'query_dim' must be 4", where);

  GroundingDinoConfig config;
  static const Json kEmpty = Json::object();
  const auto part = [&](const char* key) -> const Json& {
    const Json* found = reader.find(key);
    return found == nullptr || found->is_null() ? kEmpty : *found;
  };
  config.backbone = parse_swin(part("backbone_config"), where + ": backbone_config");
  config.text = parse_bert(part("text_config"), where + ": text_config");
  config.d_model = positive(reader, "d_model", config.d_model);
  config.encoder_layers = positive(reader, "encoder_layers", config.encoder_layers);
  config.encoder_ffn_dim = positive(reader, "encoder_ffn_dim", config.encoder_ffn_dim);
  config.encoder_attention_heads =
      positive(reader, "encoder_attention_heads", config.encoder_attention_heads);
  config.encoder_n_points = positive(reader, "encoder_n_points", config.encoder_n_points);
  config.decoder_layers = positive(reader, "decoder_layers", config.decoder_layers);
  config.decoder_ffn_dim = positive(reader, "decoder_ffn_dim", config.decoder_ffn_dim);
  config.decoder_attention_heads =
      positive(reader, "decoder_attention_heads", config.decoder_attention_heads);
  config.decoder_n_points = positive(reader, "decoder_n_points", config.decoder_n_points);
  config.num_queries = positive(reader, "num_queries", config.num_queries);
  config.num_feature_levels = positive(reader, "num_feature_levels", config.num_feature_levels);
  config.max_text_len = positive(reader, "max_text_len", config.max_text_len);
  config.positional_embedding_temperature = positive_real(
      reader, "positional_embedding_temperature", config.positional_embedding_temperature);
  config.layer_norm_eps = positive_real(reader, "layer_norm_eps", config.layer_norm_eps);
  config.embedding_init_target =
      reader.get<bool>("embedding_init_target", config.embedding_init_target);
  config.decoder_bbox_embed_share =
      reader.get<bool>("decoder_bbox_embed_share", config.decoder_bbox_embed_share);
  config.two_stage_bbox_embed_share =
      reader.get<bool>("two_stage_bbox_embed_share", config.two_stage_bbox_embed_share);
  check(config, where);
  return config;
}

GroundingDinoConfig read_grounding_dino_config(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) {
    throw Error({.what = "is not a checkpoint folder",
                 .where = printable(folder.string()),
                 .cause = std::filesystem::exists(folder) ? "it is a file" : "it does not exist",
                 .fix = "give the folder that holds config.json and the weights"});
  }
  const std::filesystem::path file = folder / "config.json";
  return parse_grounding_dino_config(read_json_file(file), file.string());
}

}  // namespace vigor
