#include "model/llava.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "model/weights.h"

namespace vigor {

Llava::Llava(const LlavaConfig& config, const ParameterSource& source)
    : config_(config),
      vision_(config.vision, with_prefix(source, "vision_tower.vision_model."),
              config.vision_layers_needed()),
      projector1_(make_linear(source, "multi_modal_projector.linear_1", config.vision.hidden_size,
                              config.text.hidden_size, true)),
      text_(config.text, with_prefix(source, "language_model.")) {
  if (config.projector == "mlp2x_gelu") {
    projector2_ = make_linear(source, "multi_modal_projector.linear_2", config.text.hidden_size,
                              config.text.hidden_size, true);
  }
}

at::Tensor Llava::select_features(const at::Tensor& pixel_values) const {
  const at::Tensor state = vision_.forward(pixel_values);
  return config_.drop_class_token ? state.narrow(1, 1, state.size(1) - 1) : state;
}

at::Tensor Llava::project(const at::Tensor& selected) const {
  const at::Tensor first = projector1_(selected);
  return projector2_.weight.defined() ? projector2_(at::gelu(first)) : first;
}

at::Tensor Llava::encode_images(const at::Tensor& pixel_values) const {
  return project(select_features(pixel_values));
}

at::Tensor Llava::splice(std::span<const int64_t> ids, const at::Tensor& features) const {
  const auto options = at::TensorOptions().dtype(at::kLong);
  const auto place = std::find(ids.begin(), ids.end(), kImageTokenId);
  const auto tensor = [&](std::span<const int64_t> part) {
    at::Tensor t = at::empty({static_cast<int64_t>(part.size())}, options);
    std::copy(part.begin(), part.end(), t.data_ptr<int64_t>());
    return t.to(text_.device());
  };
  if (place == ids.end()) return text_.embed(tensor(ids));
  const size_t before = static_cast<size_t>(place - ids.begin());
  return at::cat({text_.embed(tensor(ids.first(before))), features,
                  text_.embed(tensor(ids.subspan(before + 1)))},
                 0);
}

namespace {

// The names under which a canonical parameter is found, in order of preference. Checkpoints were
// written by several generations of two code bases.
std::vector<std::string> names_on_disk(const std::string& name) {
  std::vector<std::string> names = {name};
  if (name.starts_with("language_model.")) {
    const std::string rest = name.substr(15);
    names.push_back(rest);  // original layout: model.layers..., lm_head.weight
    if (rest.starts_with("model.")) names.push_back("model.language_model." + rest.substr(6));
  } else if (name.starts_with("vision_tower.")) {
    names.push_back("model." + name);
    names.push_back("model.vision_tower." + name);
    names.push_back(name.substr(13));  // a tower's own folder
  } else if (name.starts_with("multi_modal_projector.")) {
    names.push_back("model." + name);
    const bool first = name.find("linear_1") != std::string::npos;
    const std::string leaf = name.substr(name.rfind('.'));
    names.push_back(std::string("model.mm_projector.") + (first ? "0" : "2") + leaf);
    if (first) names.push_back("model.mm_projector" + leaf);
  }
  return names;
}

}  // namespace

LlavaCheckpoint open_llava(const std::filesystem::path& folder, at::ScalarType dtype,
                           at::Device device, const std::filesystem::path& vision_tower) {
  LlavaConfig config = read_llava_config(folder, vision_tower);
  std::vector<std::shared_ptr<const Weights>> files = {
      std::make_shared<const Weights>(Weights::open(folder))};
  if (config.layout == CheckpointLayout::kOriginal &&
      !files[0]->has("model.vision_tower.vision_tower.vision_model.pre_layrnorm.weight")) {
    files.push_back(std::make_shared<const Weights>(
        Weights::open(find_vision_tower(config, folder, vision_tower))));
  }
  // Untied in the config but without a head on disk: transformers ties silently; so do we, by name.
  const bool has_head =
      files[0]->has("language_model.lm_head.weight") || files[0]->has("lm_head.weight");
  if (!has_head) config.text.tie_word_embeddings = true;
  ParameterSource source = [files, dtype, device](const std::string& name, at::IntArrayRef shape) {
    for (const std::string& candidate : names_on_disk(name)) {
      for (const auto& weights : files) {
        if (weights->has(candidate)) return weights->get(candidate, shape).to(device, dtype);
      }
    }
    return files[0]->get(name, shape);  // throws, naming what is missing
  };
  return {std::move(config), std::move(source)};
}

double vision_flops(const LlavaConfig& config) {
  const auto& v = config.vision;
  const double tokens = static_cast<double>(v.patches() + 1);
  const double h = static_cast<double>(v.hidden_size);
  const double layer = 2 * tokens * (4 * h * h + 2 * h * static_cast<double>(v.intermediate_size)) +
                       4 * tokens * tokens * h;
  const double patch = 2 * static_cast<double>(v.patches()) * h * 3 *
                       static_cast<double>(v.patch_size * v.patch_size);
  const double out = static_cast<double>(config.text.hidden_size);
  double projector = h * out;
  if (config.projector == "mlp2x_gelu") projector += out * out;
  return patch + layer * static_cast<double>(config.vision_layers_needed()) +
         2 * static_cast<double>(config.image_tokens()) * projector;
}

double text_flops(const LlamaConfig& c, int64_t start, int64_t tokens, int64_t logit_rows) {
  const double h = static_cast<double>(c.hidden_size);
  const double q = static_cast<double>(c.num_attention_heads * c.head_dim);
  const double kv = static_cast<double>(c.num_key_value_heads * c.head_dim);
  const double n = static_cast<double>(tokens);
  const double linear =
      2 * (2 * h * q + 2 * h * kv + 3 * h * static_cast<double>(c.intermediate_size));
  const double pairs = n * static_cast<double>(start) + n * (n + 1) / 2;
  return static_cast<double>(c.num_hidden_layers) * (n * linear + 4 * pairs * q) +
         2 * static_cast<double>(logit_rows) * h * static_cast<double>(c.vocab_size);
}

double prefix_flops(const LlamaConfig& config, int64_t tokens) {
  LlamaConfig whole = config;
  --whole.num_hidden_layers;
  const int64_t kv = config.num_key_value_heads * config.head_dim;
  return text_flops(whole, 0, tokens, 0) +
         static_cast<double>(4 * tokens * config.hidden_size * kv);
}

}  // namespace vigor
