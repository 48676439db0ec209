#include "train/packed_attention.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "train/recompute.h"

namespace vigor {

PackedCausalAttention::PackedCausalAttention(const std::vector<int64_t>& lengths, at::Device device)
    : padded_(static_cast<int64_t>(lengths.size()),
              *std::max_element(lengths.begin(), lengths.end()), at::Tensor()),
      padded_tokens_(static_cast<int64_t>(lengths.size()) *
                     *std::max_element(lengths.begin(), lengths.end())) {
  const int64_t longest = padded_tokens_ / static_cast<int64_t>(lengths.size());
  std::vector<int64_t> places;
  for (size_t i = 0; i < lengths.size(); ++i) {
    for (int64_t t = 0; t < lengths[i]; ++t) {
      places.push_back(static_cast<int64_t>(i) * longest + t);
    }
  }
  if (static_cast<int64_t>(places.size()) == padded_tokens_) return;
  places_ = at::tensor(places, at::kLong).to(device);
}

at::Tensor PackedCausalAttention::attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v) {
  if (!places_.defined()) return padded_.attend(layer, q, k, v);
  const auto pad = [&](const at::Tensor& t) {
    return at::zeros({padded_tokens_, t.size(1), t.size(2)}, t.options().requires_grad(false))
        .index_copy(0, places_, t);
  };
  return select_unique_rows(padded_.attend(layer, pad(q), pad(k), pad(v)), places_);
}

}  // namespace vigor
