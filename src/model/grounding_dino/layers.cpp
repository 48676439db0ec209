#include "model/grounding_dino/layers.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vigor {
namespace {

constexpr int64_t kRowsAtOnce = 512;

}  // namespace

at::Tensor by_rows(const at::Tensor& x,
                   const std::function<at::Tensor(const at::Tensor&)>& change) {
  const at::Tensor rows = x.reshape({-1, x.size(-1)});
  const int64_t count = rows.size(0);
  if (c10::GradMode::is_enabled() || !x.is_cpu() || count <= kRowsAtOnce) return change(x);
  const at::Tensor out = at::empty(rows.sizes(), rows.options());
  for (int64_t first = 0; first < count; first += kRowsAtOnce) {
    const int64_t size = std::min(kRowsAtOnce, count - first);
    out.narrow(0, first, size).copy_(change(rows.narrow(0, first, size)));
  }
  return out.view(x.sizes());
}

at::Tensor MultiHeadAttention::operator()(const at::Tensor& queries, const at::Tensor& keys,
                                          const at::Tensor& values,
                                          const at::Tensor& allowed) const {
  const int64_t batch = queries.size(0);
  const int64_t size = queries.size(2) / heads;
  const auto split = [&](const at::Tensor& t) {
    return t.view({batch, t.size(1), heads, size}).transpose(1, 2);
  };
  const at::Tensor q = split(query(queries) * std::pow(static_cast<double>(size), -0.5));
  at::Tensor scores = at::matmul(q, split(key(keys)).transpose(2, 3));
  if (allowed.defined()) {
    scores = scores.masked_fill(at::logical_not(allowed), kMaskedScore);
  }
  const at::Tensor mixed = at::matmul(at::softmax(scores, -1), split(value(values)));
  return out(mixed.transpose(1, 2).reshape(queries.sizes()));
}

MultiHeadAttention make_attention(const ParameterSource& source, const std::string& name,
                                  int64_t size, int64_t heads, const std::string& out) {
  MultiHeadAttention attention;
  attention.query = make_linear(source, name + ".query", size, size, true);
  attention.key = make_linear(source, name + ".key", size, size, true);
  attention.value = make_linear(source, name + ".value", size, size, true);
  attention.out = make_linear(source, name + "." + out, size, size, true);
  attention.heads = heads;
  return attention;
}

at::Tensor Perceptron::operator()(at::Tensor x) const {
  for (size_t i = 0; i < layers.size(); ++i) {
    x = layers[i](x);
    if (i + 1 < layers.size()) x = at::relu(x);
  }
  return x;
}

Perceptron make_perceptron(const ParameterSource& source, const std::string& name,
                           const std::vector<int64_t>& sizes) {
  Perceptron perceptron;
  for (size_t i = 0; i + 1 < sizes.size(); ++i) {
    perceptron.layers.push_back(
        make_linear(source, name + ".layers." + std::to_string(i), sizes[i], sizes[i + 1], true));
  }
  return perceptron;
}

at::Tensor FeedForward::operator()(const at::Tensor& x) const {
  return by_rows(x, [&](const at::Tensor& rows) { return fc2(fc1(rows).relu_()); });
}

FeedForward make_feed_forward(const ParameterSource& source, int64_t size, int64_t hidden) {
  return {make_linear(source, "fc1", size, hidden, true),
          make_linear(source, "fc2", hidden, size, true)};
}

at::Tensor sine_embedding(const at::Tensor& x, int64_t size, double temperature) {
  const at::Tensor index = at::arange(size, x.options().dtype(at::kFloat));
  const at::Tensor exponent = 2 * at::floor(index / 2) / static_cast<double>(size);
  const at::Tensor period = at::pow(at::Scalar(temperature), exponent);
  const at::Tensor angle =
      (x.to(at::kFloat) * (2 * std::numbers::pi)).unsqueeze(-1) / period;  // [..., n, size]
  const at::Tensor waves =
      at::stack({angle.slice(-1, 0, size, 2).sin(), angle.slice(-1, 1, size, 2).cos()}, -1);
  return waves.flatten(-3);
}

at::Tensor inverse_sigmoid(const at::Tensor& p) {
  return at::logit(p, 1e-5);
}

}  // namespace vigor
