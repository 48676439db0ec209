#include "model/llama.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <limits>

namespace vigor {
namespace {

// [x1, x2] -> [x1 cos - x2 sin, x2 cos + x1 sin], the half-split form. x [tokens, heads, d];
// cos and sin [tokens, 1, d / 2].
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const int64_t half = x.size(-1) / 2;
  const at::Tensor x1 = x.narrow(-1, 0, half);
  const at::Tensor x2 = x.narrow(-1, half, half);
  return at::cat({x1 * cos - x2 * sin, x2 * cos + x1 * sin}, -1);
}

}  // namespace

at::Tensor attention_core(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& bias) {
  const int64_t groups = q.size(1) / k.size(1);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  // Query heads that share a key head are extra rows of one product; keys are not repeated.
  const auto grouped = [&](const at::Tensor& t, int64_t last) {
    return t.reshape({t.size(0), k.size(1), groups * t.size(2), last});
  };
  at::Tensor scores = at::matmul(grouped(q, q.size(-1)), k.transpose(2, 3))
                          .view({q.size(0), q.size(1), q.size(2), k.size(2)});
  scores = scores * scale;
  if (bias.defined()) scores = scores + bias;
  const at::Tensor weights = at::softmax(scores, -1, at::kFloat).to(q.scalar_type());
  return at::matmul(grouped(weights, k.size(2)), v)
      .view({q.size(0), q.size(1), q.size(2), q.size(3)});
}

PaddedCausalAttention::PaddedCausalAttention(int64_t batch, int64_t length, const at::Tensor& mask)
    : batch_(batch), length_(length) {
  at::Tensor allowed = at::ones({length, length}, at::kBool).tril();
  if (mask.defined()) {
    allowed = allowed.to(mask.device());
    mask_ = allowed.logical_and(mask.view({batch, 1, 1, length}));
  } else {
    mask_ = allowed.view({1, 1, length, length});
  }
}

at::Tensor PaddedCausalAttention::attend(int64_t, const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v) {
  if (mask_.scalar_type() == at::kBool) {
    // The smallest finite number: a row of padding stays finite, where -inf would give NaN.
    const double lowest = q.scalar_type() == at::kHalf ? -65504.0 : -3.3895313892515355e38;
    mask_ = at::zeros(mask_.sizes(), q.options().requires_grad(false))
                .masked_fill(mask_.logical_not().to(q.device()), lowest);
  }
  const auto split = [&](const at::Tensor& t) {
    return t.view({batch_, length_, t.size(1), t.size(2)}).transpose(1, 2);
  };
  return attention_core(split(q), split(k), split(v), mask_)
      .transpose(1, 2)
      .reshape({batch_ * length_, q.size(1) * q.size(2)});
}

Llama::Llama(const LlamaConfig& config, const ParameterSource& source) : config_(config) {
  const int64_t hidden = config.hidden_size;
  const int64_t head = config.head_dim;
  embed_tokens_ = source("model.embed_tokens.weight", {config.vocab_size, hidden});
  norm_ = source("model.norm.weight", {hidden});
  lm_head_ = config.tie_word_embeddings ? embed_tokens_
                                        : source("lm_head.weight", {config.vocab_size, hidden});
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const ParameterSource at = with_prefix(source, "model.layers." + std::to_string(i) + ".");
    Layer layer;
    layer.input_norm = at("input_layernorm.weight", {hidden});
    layer.post_attention_norm = at("post_attention_layernorm.weight", {hidden});
    layer.q = make_linear(at, "self_attn.q_proj", hidden, config.num_attention_heads * head, false);
    layer.k = make_linear(at, "self_attn.k_proj", hidden, config.num_key_value_heads * head, false);
    layer.v = make_linear(at, "self_attn.v_proj", hidden, config.num_key_value_heads * head, false);
    layer.o = make_linear(at, "self_attn.o_proj", config.num_attention_heads * head, hidden, false);
    layer.gate = make_linear(at, "mlp.gate_proj", hidden, config.intermediate_size, false);
    layer.up = make_linear(at, "mlp.up_proj", hidden, config.intermediate_size, false);
    layer.down = make_linear(at, "mlp.down_proj", config.intermediate_size, hidden, false);
    layers_.push_back(std::move(layer));
  }
  const at::Tensor exponents =
      at::arange(0, head, 2, at::TensorOptions().dtype(at::kFloat)) / static_cast<double>(head);
  inv_freq_ = (1.0 / at::pow(config.rope_theta, exponents)).to(embed_tokens_.device());
}

at::Tensor Llama::embed(const at::Tensor& ids) const {
  return at::embedding(embed_tokens_, ids);
}

at::Tensor Llama::rms_norm(const at::Tensor& x, const at::Tensor& weight) const {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, true) + config_.rms_norm_eps);
  return weight * (wide * scale).to(x.scalar_type());
}

Llama::Rotary Llama::rotary(const at::Tensor& positions, at::ScalarType dtype) const {
  const at::Tensor angles = positions.to(at::kFloat).unsqueeze(1) * inv_freq_.unsqueeze(0);
  return {angles.cos().to(dtype).unsqueeze(1), angles.sin().to(dtype).unsqueeze(1)};
}

Llama::KeysValues Llama::keys_values(const Layer& layer, const at::Tensor& normed,
                                     const Rotary& rotary) const {
  const std::array<int64_t, 3> shape = {normed.size(0), config_.num_key_value_heads,
                                        config_.head_dim};
  return {rotate(layer.k(normed).view(shape), rotary.cos, rotary.sin), layer.v(normed).view(shape)};
}

at::Tensor Llama::run_layer(int64_t index, const at::Tensor& x, const Rotary& rotary,
                            Attention& attention) const {
  const Layer& layer = layers_[static_cast<size_t>(index)];
  const at::Tensor normed = rms_norm(x, layer.input_norm);
  const at::Tensor q =
      layer.q(normed).view({x.size(0), config_.num_attention_heads, config_.head_dim});
  const auto [k, v] = keys_values(layer, normed, rotary);
  const at::Tensor mixed = attention.attend(index, rotate(q, rotary.cos, rotary.sin), k, v);
  const at::Tensor middle = x + layer.o(mixed);
  const at::Tensor normed2 = rms_norm(middle, layer.post_attention_norm);
  return middle + layer.down(at::silu(layer.gate(normed2)) * layer.up(normed2));
}

at::Tensor Llama::forward(at::Tensor x, const at::Tensor& positions, Attention& attention,
                          std::vector<at::Tensor>* states, const LayerRunner* runner) const {
  const Rotary rotary = this->rotary(positions, x.scalar_type());
  for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
    if (states != nullptr) states->push_back(x);
    if (runner != nullptr) {
      const auto layer = [&, i, rotary](at::Tensor input) {
        return run_layer(i, input, rotary, attention);
      };
      x = (*runner)(i, layer, x);
    } else {
      x = run_layer(i, x, rotary, attention);
    }
  }
  x = rms_norm(x, norm_);
  if (states != nullptr) states->push_back(x);
  return x;
}

Llama::KeysValues Llama::prefill(at::Tensor x, const at::Tensor& positions,
                                 Attention& attention) const {
  const Rotary rotary = this->rotary(positions, x.scalar_type());
  for (int64_t i = 0; i + 1 < config_.num_hidden_layers; ++i)
    x = run_layer(i, x, rotary, attention);
  const Layer& last = layers_.back();
  return keys_values(last, rms_norm(x, last.input_norm), rotary);
}

at::Tensor Llama::logits(const at::Tensor& hidden) const {
  return at::linear(hidden, lm_head_);
}

}  // namespace vigor
