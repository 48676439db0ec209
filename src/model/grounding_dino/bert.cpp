#include "model/grounding_dino/bert.h"

#include <ATen/ATen.h>

namespace vigor {

BertEncoder::BertEncoder(const BertConfig& config, const ParameterSource& source) {
  const int64_t hidden = config.hidden_size;
  words_ = source("embeddings.word_embeddings.weight", {config.vocab_size, hidden});
  positions_ =
      source("embeddings.position_embeddings.weight", {config.max_position_embeddings, hidden});
  types_ = source("embeddings.token_type_embeddings.weight", {config.type_vocab_size, hidden});
  norm_ = make_layer_norm(source, "embeddings.LayerNorm", hidden, config.layer_norm_eps);
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const ParameterSource at = with_prefix(source, "encoder.layer." + std::to_string(i) + ".");
    Layer layer;
    layer.attention.heads = config.num_attention_heads;
    layer.attention.query = make_linear(at, "attention.self.query", hidden, hidden, true);
    layer.attention.key = make_linear(at, "attention.self.key", hidden, hidden, true);
    layer.attention.value = make_linear(at, "attention.self.value", hidden, hidden, true);
    layer.attention.out = make_linear(at, "attention.output.dense", hidden, hidden, true);
    layer.attention_norm =
        make_layer_norm(at, "attention.output.LayerNorm", hidden, config.layer_norm_eps);
    layer.intermediate =
        make_linear(at, "intermediate.dense", hidden, config.intermediate_size, true);
    layer.output = make_linear(at, "output.dense", config.intermediate_size, hidden, true);
    layer.output_norm = make_layer_norm(at, "output.LayerNorm", hidden, config.layer_norm_eps);
    layers_.push_back(std::move(layer));
  }
}

at::Tensor BertEncoder::forward(const at::Tensor& input_ids, const at::Tensor& token_type_ids,
                                const at::Tensor& position_ids, const at::Tensor& allowed,
                                const Tap& tap) const {
  at::Tensor x = at::embedding(words_, input_ids) + at::embedding(types_, token_type_ids) +
                 at::embedding(positions_, position_ids);
  x = norm_(x);
  tap_value(tap, "bert.embeddings", x);
  const at::Tensor mask = allowed.unsqueeze(1);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    x = layer.attention_norm(x + layer.attention(x, x, x, mask));
    x = layer.output_norm(x + layer.output(at::gelu(layer.intermediate(x))));
    tap_value(tap, "bert.layer" + std::to_string(i), x);
  }
  return x;
}

}  // namespace vigor
