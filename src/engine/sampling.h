// Choosing the next token: temperature, top-k, top-p, in the order transformers applies them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "base/random.h"

namespace vigor {

struct SamplingOptions {
  double temperature = 0.0;  // 0: greedy (argmax); above: logits are divided by it
  int64_t top_k = 0;         // keep tokens not below the k-th logit (ties kept); 0: off
  double top_p = 1.0;        // keep the smallest set whose probability reaches p; 1: off
};

// logits [rows, vocab] -> probabilities [rows, vocab] fp32 after the filters. temperature > 0.
// Top-p removes, in ascending order, tokens whose cumulative probability is at most 1 - p, and
// always keeps the largest.
at::Tensor filtered_probabilities(const at::Tensor& logits, const SamplingOptions& options);

// One draw from probabilities [vocab] (fp32, CPU, contiguous) by inversion in vocabulary order.
int64_t draw(const at::Tensor& probabilities, CounterRandom& random);

}  // namespace vigor
