// What the parts of Grounding DINO share: attention, small perceptrons, sine embeddings, and the
// way in which a test looks at intermediate results.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/parameters.h"

namespace vigor {

// Receives intermediate results by name ("encoder.vision_hidden_states.1"); empty: nobody looks.
using Tap = std::function<void(const std::string& name, const at::Tensor& value)>;
inline void tap_value(const Tap& tap, const std::string& name, const at::Tensor& value) {
  if (tap) tap(name, value);
}

// Score of what may not be attended to: finite, so that a row of nothing else stays finite, and in
// the range of float32 and bfloat16.
inline constexpr double kMaskedScore = -1e30;

// change(x) for a `change` of each row alone, [..., n] -> [..., n]: without autograd some hundred
// rows at a time, so that what it computes on the way stays in the cache.
at::Tensor by_rows(const at::Tensor& x, const std::function<at::Tensor(const at::Tensor&)>& change);

// softmax(q k^T / sqrt(head size) + mask) v over `heads` heads, with biases.
struct MultiHeadAttention {
  Linear query, key, value, out;
  int64_t heads = 1;

  // queries [batch, Q, d], keys and values [batch, K, d]; `allowed` is undefined or a bool tensor
  // that broadcasts to [batch, heads, Q, K], true = may attend; a row without any gets an even mix.
  at::Tensor operator()(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                        const at::Tensor& allowed) const;
};
// Parameters NAME.query, .key, .value and NAME.`out`.
MultiHeadAttention make_attention(const ParameterSource& source, const std::string& name,
                                  int64_t size, int64_t heads, const std::string& out = "out_proj");

// Linear layers with ReLU between them: "NAME.layers.K".
struct Perceptron {
  std::vector<Linear> layers;
  at::Tensor operator()(at::Tensor x) const;
};
// sizes = {in, hidden..., out}.
Perceptron make_perceptron(const ParameterSource& source, const std::string& name,
                           const std::vector<int64_t>& sizes);

// fc2(relu(fc1(x))): parameters PREFIXfc1, PREFIXfc2 of `source`.
struct FeedForward {
  Linear fc1, fc2;
  at::Tensor operator()(const at::Tensor& x) const;
};
FeedForward make_feed_forward(const ParameterSource& source, int64_t size, int64_t hidden);

// Interleaved sin and cos of 2 pi x / temperature^(2 floor(i / 2) / size), i in [0, size).
// x [..., n] -> [..., n * size], float32.
at::Tensor sine_embedding(const at::Tensor& x, int64_t size, double temperature);

// log(p / (1 - p)) with p held in [1e-5, 1 - 1e-5].
at::Tensor inverse_sigmoid(const at::Tensor& p);

}  // namespace vigor
