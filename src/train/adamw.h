// AdamW over flat fp32 buffers (Loshchilov and Hutter, 2019), as torch.optim.AdamW computes it.
#pragma once

#include <ATen/core/Tensor.h>

#include "train/loop_options.h"

namespace vigor {

class AdamW {
 public:
  // `size` elements, of which the first `decayed` are subject to weight decay.
  AdamW(int64_t size, int64_t decayed, at::Device device, const LoopOptions& options);

  // p *= 1 - lr wd;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
  // p -= lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps).  t counts from 1.
  // values and gradients are [size] fp32.
  void step(at::Tensor& values, const at::Tensor& gradients, double learning_rate);

  // For checkpoints: moments [size] fp32, and the number of steps taken.
  at::Tensor& first_moment() { return first_; }
  at::Tensor& second_moment() { return second_; }
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  int64_t decayed_;
  double beta1_, beta2_, epsilon_, weight_decay_;
  int64_t steps_ = 0;
  at::Tensor first_, second_, scratch_;
};

// Scales gradients in place by max_norm / (norm + 1e-6) when that is below 1 (max_norm 0: never).
// Returns the norm before.
double clip_gradient_norm(at::Tensor& gradients, double max_norm);

}  // namespace vigor
