// LLaMA (Touvron et al., 2023): RMSNorm, rotary positions, grouped-query attention, gated MLP.
//
// Tokens of all sequences are packed along one axis: linear layers never compute padding, and who
// may attend to whom is the business of an Attention object. The same layers therefore serve a
// padded training batch, one prompt, and many questions that share an image's prefix.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "model/config.h"
#include "model/parameters.h"

namespace vigor {

// Who attends to whom. One object serves all layers of one forward.
class Attention {
 public:
  virtual ~Attention() = default;
  // q [tokens, heads, head_dim], k and v [tokens, kv_heads, head_dim], rotary applied to q and k.
  // Returns [tokens, heads * head_dim]. Keys and values of this forward take part.
  virtual at::Tensor attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v) = 0;
};

// Causal attention over a padded batch: tokens = batch * length, sequence-major.
// `mask` [batch, length] bool, true = attended; undefined means no padding. A row that may attend
// to nothing gives finite values (the smallest finite number is added, never -inf).
class PaddedCausalAttention : public Attention {
 public:
  PaddedCausalAttention(int64_t batch, int64_t length, const at::Tensor& mask);
  at::Tensor attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;

 private:
  int64_t batch_, length_;
  at::Tensor mask_;  // [batch, 1, length, length], additive, made in the dtype of the first call
};

// softmax(q k^T / sqrt(d) + bias) v with the softmax in fp32.
// q [batch, heads, n, d]; k and v [batch, kv_heads, m, d]; bias broadcasts to [batch, heads, n, m]
// or is undefined. Returns [batch, heads, n, d].
at::Tensor attention_core(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& bias);

// Runs one layer's function; the trainer puts gradient checkpointing here.
using LayerRunner = std::function<at::Tensor(
    int64_t layer, const std::function<at::Tensor(at::Tensor)>&, at::Tensor)>;

class Llama {
 public:
  // Takes "model.embed_tokens.weight", "model.layers.N...", "model.norm.weight", "lm_head.weight".
  Llama(const LlamaConfig& config, const ParameterSource& source);

  // ids [n] int64 -> [n, hidden_size].
  at::Tensor embed(const at::Tensor& ids) const;

  // embeddings [tokens, hidden_size], positions [tokens] int64 -> hidden states after the final
  // RMSNorm [tokens, hidden_size]. `states`, when given, receives the input, the output of each
  // layer but the last, and the normed output of the last, as transformers lists them.
  at::Tensor forward(at::Tensor embeddings, const at::Tensor& positions, Attention& attention,
                     std::vector<at::Tensor>* states = nullptr,
                     const LayerRunner* runner = nullptr) const;

  // As forward, of tokens that others only attend to: the last layer ends with its keys and values,
  // [tokens, kv_heads, head_dim], rotary applied, which `attention` does not see.
  struct KeysValues {
    at::Tensor keys, values;
  };
  KeysValues prefill(at::Tensor embeddings, const at::Tensor& positions,
                     Attention& attention) const;

  // hidden [n, hidden_size] -> logits [n, vocab_size], in the parameters' dtype.
  at::Tensor logits(const at::Tensor& hidden) const;

  const LlamaConfig& config() const { return config_; }
  at::ScalarType dtype() const { return embed_tokens_.scalar_type(); }
  at::Device device() const { return embed_tokens_.device(); }

 private:
  struct Layer {
    at::Tensor input_norm, post_attention_norm;
    Linear q, k, v, o, gate, up, down;
  };
  // Cosine and sine [tokens, 1, head_dim / 2] of the rotary angles.
  struct Rotary {
    at::Tensor cos, sin;
  };
  Rotary rotary(const at::Tensor& positions, at::ScalarType dtype) const;
  KeysValues keys_values(const Layer& layer, const at::Tensor& normed, const Rotary& rotary) const;
  at::Tensor run_layer(int64_t index, const at::Tensor& x, const Rotary& rotary,
                       Attention& attention) const;
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight) const;

  LlamaConfig config_;
  at::Tensor embed_tokens_, norm_, lm_head_;
  at::Tensor inv_freq_;  // [head_dim / 2] fp32: theta^(-2i/d), never in a lower precision
  std::vector<Layer> layers_;
};

}  // namespace vigor
