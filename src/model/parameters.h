// Where a network takes its parameters from: a checkpoint, random numbers, or a trainer's masters.
//
// A network is built from a ParameterSource and holds the tensors that it was given; policy, reward
// model and training therefore share one forward and differ in data alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>

namespace vigor {

// The parameter of this canonical name (llava-hf's: "language_model.model.norm.weight") and shape.
// Throws Error when there is none.
using ParameterSource = std::function<at::Tensor(const std::string& name, at::IntArrayRef shape)>;

// `source` with `prefix` put before every name.
ParameterSource with_prefix(ParameterSource source, std::string prefix);

// Random parameters of any geometry, for speed work and as the start of training: norms 1, biases
// 0, else normal with standard deviation 0.02. Depends on (seed, name) alone.
ParameterSource random_parameters(uint64_t seed, at::ScalarType dtype, at::Device device);

// y = x W^T + b; bias may be undefined. x [..., in], weight [out, in].
struct Linear {
  at::Tensor weight, bias;
  at::Tensor operator()(const at::Tensor& x) const;
};
Linear make_linear(const ParameterSource& source, const std::string& name, int64_t in, int64_t out,
                   bool bias);

struct LayerNorm {
  at::Tensor weight, bias;
  double eps = 1e-5;
  at::Tensor operator()(const at::Tensor& x) const;
};
LayerNorm make_layer_norm(const ParameterSource& source, const std::string& name, int64_t size,
                          double eps);

}  // namespace vigor
