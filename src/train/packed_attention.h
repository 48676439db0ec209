// Causal attention over sequences of different length that are packed one after another.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/llama.h"

namespace vigor {

// tokens = the sum of `lengths`. Linear layers therefore compute no padding; inside attention the
// sequences are padded at the right, where causality alone keeps padding out.
class PackedCausalAttention : public Attention {
 public:
  PackedCausalAttention(const std::vector<int64_t>& lengths, at::Device device);
  at::Tensor attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;

 private:
  // q, k, v [batch * longest, heads, head_dim] -> [batch * longest, heads * head_dim], fp32.
  at::Tensor attend_fused(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

  int64_t batch_, longest_;
  PaddedCausalAttention padded_;
  at::Tensor places_;  // [tokens] in the padded batch; undefined when there is no padding
  at::Tensor bias_;    // [groups * longest, longest], made when it is first needed
};

}  // namespace vigor
