#include "train/adamw.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace vigor {

AdamW::AdamW(int64_t size, int64_t decayed, at::Device device, const LoopOptions& options)
    : decayed_(decayed),
      beta1_(options.adam_beta1),
      beta2_(options.adam_beta2),
      epsilon_(options.adam_epsilon),
      weight_decay_(options.weight_decay) {
  const auto wide = at::TensorOptions().dtype(at::kFloat).device(device);
  first_ = at::zeros({size}, wide);
  second_ = at::zeros({size}, wide);
  scratch_ = at::empty({size}, wide);
}

void AdamW::step(at::Tensor& values, const at::Tensor& gradients, double learning_rate) {
  c10::NoGradGuard no_grad;
  ++steps_;
  if (weight_decay_ != 0) values.narrow(0, 0, decayed_).mul_(1.0 - learning_rate * weight_decay_);
  first_.mul_(beta1_).add_(gradients, 1.0 - beta1_);
  second_.mul_(beta2_).addcmul_(gradients, gradients, 1.0 - beta2_);
  const double correction1 = 1.0 - std::pow(beta1_, static_cast<double>(steps_));
  const double correction2 = 1.0 - std::pow(beta2_, static_cast<double>(steps_));
  at::sqrt_out(scratch_, second_);
  scratch_.div_(std::sqrt(correction2)).add_(epsilon_);
  values.addcdiv_(first_, scratch_, -learning_rate / correction1);
}

double clip_gradient_norm(at::Tensor& gradients, double max_norm) {
  c10::NoGradGuard no_grad;
  const double norm = gradients.norm().item<double>();
  const double factor = max_norm / (norm + 1e-6);
  if (max_norm > 0 && factor < 1.0) gradients.mul_(factor);
  return norm;
}

}  // namespace vigor
