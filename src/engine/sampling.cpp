#include "engine/sampling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace vigor {

at::Tensor filtered_probabilities(const at::Tensor& logits, const SamplingOptions& options) {
  at::Tensor scores = logits.to(at::kFloat) / options.temperature;
  const double removed = -std::numeric_limits<double>::infinity();
  if (options.top_k > 0) {
    const int64_t k = std::min(options.top_k, scores.size(-1));
    const at::Tensor limit = std::get<0>(scores.topk(k, -1)).narrow(-1, k - 1, 1);
    scores = scores.masked_fill(scores < limit, removed);
  }
  if (options.top_p < 1.0) {
    const auto [sorted, order] = scores.sort(-1, /*descending=*/false);
    at::Tensor remove = at::softmax(sorted, -1).cumsum(-1) <= (1.0 - options.top_p);
    remove.narrow(-1, remove.size(-1) - 1, 1).fill_(false);
    scores = scores.masked_fill(at::zeros_like(remove).scatter(-1, order, remove), removed);
  }
  return at::softmax(scores, -1);
}

int64_t draw(const at::Tensor& probabilities, CounterRandom& random) {
  const float* p = probabilities.data_ptr<float>();
  const int64_t count = probabilities.numel();
  double total = 0;
  for (int64_t i = 0; i < count; ++i) total += p[i];
  const double target = random.uniform() * total;
  double sum = 0;
  int64_t last = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (p[i] <= 0) continue;
    sum += p[i];
    last = i;
    if (sum > target) return i;
  }
  return last;
}

}  // namespace vigor
