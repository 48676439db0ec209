// Causal attention over sequences of different length that are packed one after another, and over
// trees of sequences that begin alike.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/llama.h"
#include "train/packed_samples.h"

namespace vigor {

// tokens = the sum of the packed lengths. Linear layers therefore compute no padding; inside
// attention the sequences are padded at the right, where causality alone keeps padding out. In a
// tree a token attends to those in front of it on its own path.
class PackedCausalAttention : public Attention {
 public:
  PackedCausalAttention(const PackedSamples& packed, at::Device device);
  at::Tensor attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;

 private:
  // q, k, v [batch * longest, heads, head_dim] -> [batch * longest, heads * head_dim]; the first in
  // fp32, the second in any precision with its softmax in fp32.
  at::Tensor attend_fused(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
  at::Tensor attend_plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
  // What is added to scores: [longest, longest], or for trees [batch, 1, longest, longest].
  at::Tensor bias(const at::TensorOptions& options) const;

  int64_t batch_, longest_;
  at::Tensor places_;  // [tokens] in the padded batch; undefined when there is no padding
  at::Tensor tree_;    // [batch, longest, longest] bool, true: attended; undefined: all causal
  at::Tensor bias_;    // made when it is first needed; in fp32 repeated for heads that share keys
};

}  // namespace vigor
