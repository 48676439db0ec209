#include "model/parameters.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "base/random.h"

namespace vigor {

ParameterSource with_prefix(ParameterSource source, std::string prefix) {
  return
      [source = std::move(source), prefix = std::move(prefix)](
          const std::string& name, at::IntArrayRef shape) { return source(prefix + name, shape); };
}

ParameterSource random_parameters(uint64_t seed, at::ScalarType dtype, at::Device device) {
  return [=](const std::string& name, at::IntArrayRef shape) {
    const auto options = at::TensorOptions().dtype(dtype).device(device);
    const bool norm =
        name.find("norm") != std::string::npos || name.find("layrnorm") != std::string::npos;
    if (name.ends_with(".bias")) return at::zeros(shape, options);
    if (norm) return at::ones(shape, options);
    // One generator a parameter: the numbers do not depend on the order of construction.
    auto generator = at::make_generator<at::CPUGeneratorImpl>(fnv1a(name) ^ seed);
    at::Tensor values = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
    values.normal_(0.0, 0.02, generator);
    return values.to(options);
  };
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

Linear make_linear(const ParameterSource& source, const std::string& name, int64_t in, int64_t out,
                   bool bias) {
  Linear linear;
  linear.weight = source(name + ".weight", {out, in});
  if (bias) linear.bias = source(name + ".bias", {out});
  return linear;
}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

LayerNorm make_layer_norm(const ParameterSource& source, const std::string& name, int64_t size,
                          double eps) {
  return {source(name + ".weight", {size}), source(name + ".bias", {size}), eps};
}

}  // namespace vigor
