#include "model/clip.h"

#include <ATen/ATen.h>

#include <cmath>

namespace vigor {

ClipVision::ClipVision(const ClipVisionConfig& config, const ParameterSource& source,
                       int64_t layers)
    : config_(config) {
  const int64_t hidden = config.hidden_size;
  const int64_t patch = config.patch_size;
  class_embedding_ = source("embeddings.class_embedding", {hidden});
  patch_weight_ = source("embeddings.patch_embedding.weight", {hidden, 3, patch, patch});
  position_embedding_ =
      source("embeddings.position_embedding.weight", {config.patches() + 1, hidden});
  pre_norm_ = make_layer_norm(source, "pre_layrnorm", hidden, config.layer_norm_eps);
  const int64_t count = layers < 0 ? config.num_hidden_layers : layers;
  for (int64_t i = 0; i < count; ++i) {
    const ParameterSource at = with_prefix(source, "encoder.layers." + std::to_string(i) + ".");
    Layer layer;
    layer.norm1 = make_layer_norm(at, "layer_norm1", hidden, config.layer_norm_eps);
    layer.norm2 = make_layer_norm(at, "layer_norm2", hidden, config.layer_norm_eps);
    layer.q = make_linear(at, "self_attn.q_proj", hidden, hidden, true);
    layer.k = make_linear(at, "self_attn.k_proj", hidden, hidden, true);
    layer.v = make_linear(at, "self_attn.v_proj", hidden, hidden, true);
    layer.out = make_linear(at, "self_attn.out_proj", hidden, hidden, true);
    layer.fc1 = make_linear(at, "mlp.fc1", hidden, config.intermediate_size, true);
    layer.fc2 = make_linear(at, "mlp.fc2", config.intermediate_size, hidden, true);
    layers_.push_back(std::move(layer));
  }
}

// A convolution whose stride is its size is one matrix product over the cut-out patches.
at::Tensor ClipVision::embed(const at::Tensor& pixel_values) const {
  const int64_t images = pixel_values.size(0);
  const int64_t patch = config_.patch_size;
  const int64_t grid = config_.image_size / patch;
  const at::Tensor cropped = pixel_values.narrow(2, 0, grid * patch).narrow(3, 0, grid * patch);
  const at::Tensor patches = cropped.reshape({images, 3, grid, patch, grid, patch})
                                 .permute({0, 2, 4, 1, 3, 5})
                                 .reshape({images * grid * grid, 3 * patch * patch});
  const at::Tensor tokens = at::linear(patches, patch_weight_.flatten(1))
                                .view({images, grid * grid, config_.hidden_size});
  const at::Tensor first = class_embedding_.expand({images, 1, config_.hidden_size});
  return at::cat({first, tokens}, 1) + position_embedding_;
}

at::Tensor ClipVision::attention(const Layer& layer, const at::Tensor& x) const {
  const int64_t images = x.size(0);
  const int64_t tokens = x.size(1);
  const int64_t heads = config_.num_attention_heads;
  const int64_t size = config_.hidden_size / heads;
  const auto split = [&](const at::Tensor& t) {
    return t.view({images, tokens, heads, size}).transpose(1, 2);
  };
  const at::Tensor q = split(layer.q(x) * std::pow(static_cast<double>(size), -0.5));
  const at::Tensor k = split(layer.k(x));
  const at::Tensor v = split(layer.v(x));
  const at::Tensor weights = at::softmax(at::matmul(q, k.transpose(2, 3)), -1);
  const at::Tensor mixed = at::matmul(weights, v).transpose(1, 2).reshape(x.sizes());
  return layer.out(mixed);
}

at::Tensor ClipVision::activation(const at::Tensor& x) const {
  if (config_.hidden_act == "gelu") return at::gelu(x);
  return x * at::sigmoid(1.702 * x);
}

at::Tensor ClipVision::forward(const at::Tensor& pixel_values,
                               std::vector<at::Tensor>* states) const {
  at::Tensor x = pre_norm_(embed(pixel_values));
  if (states != nullptr) states->push_back(x);
  for (const Layer& layer : layers_) {
    x = x + attention(layer, layer.norm1(x));
    x = x + layer.fc2(activation(layer.fc1(layer.norm2(x))));
    if (states != nullptr) states->push_back(x);
  }
  return x;
}

}  // namespace vigor
