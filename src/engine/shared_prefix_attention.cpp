#include "engine/shared_prefix_attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace vigor {
namespace {

// Finite, so that a row without any key (padding) gives numbers and not NaN.
constexpr float kMasked = -3.3895313892515355e38f;

at::Tensor index_tensor(const std::vector<int64_t>& values) {
  at::Tensor t =
      at::empty({static_cast<int64_t>(values.size())}, at::TensorOptions().dtype(at::kLong));
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t;
}

}  // namespace

bool PrefixCache::branches() const {
  return std::any_of(trees.begin(), trees.end(), [](const auto& tree) { return !tree.empty(); });
}

void PrefixCache::hide_branches(size_t cluster, int64_t leaf, float* bias) const {
  const std::vector<int64_t>& tree = trees[cluster];
  float* first = bias + lengths[cluster] - static_cast<int64_t>(tree.size());
  std::fill_n(first, tree.size(), kMasked);
  for (; leaf >= 0; leaf = tree[static_cast<size_t>(leaf)]) first[leaf] = 0;
}

PrefixAttention::PrefixAttention(PrefixCache& cache, const LlamaConfig& config)
    : cache_(cache), clusters_(static_cast<int64_t>(cache.lengths.size())) {
  cache.longest = *std::max_element(cache.lengths.begin(), cache.lengths.end());
  cache.keys.resize(static_cast<size_t>(config.num_hidden_layers));
  cache.values.resize(static_cast<size_t>(config.num_hidden_layers));
  std::vector<int64_t> place;
  for (int64_t c = 0; c < clusters_; ++c) {
    const int64_t length = cache.lengths[static_cast<size_t>(c)];
    uniform_ = uniform_ && length == cache.longest;
    for (int64_t i = 0; i < length; ++i) place.push_back(c * cache.longest + i);
  }
  place_ = index_tensor(place);
  bias_ = at::full({cache.longest, cache.longest}, kMasked, at::TensorOptions().dtype(at::kFloat))
              .triu(1)
              .view({1, 1, cache.longest, cache.longest});
  if (!cache.branches()) return;
  bias_ = bias_.repeat({clusters_, 1, 1, 1});
  for (int64_t c = 0; c < clusters_; ++c) {
    const std::vector<int64_t>& tree = cache.trees[static_cast<size_t>(c)];
    const int64_t root = cache.lengths[static_cast<size_t>(c)] - static_cast<int64_t>(tree.size());
    for (size_t i = 0; i < tree.size(); ++i) {
      float* seen = bias_.data_ptr<float>() +
                    (c * cache.longest + root + static_cast<int64_t>(i)) * cache.longest;
      cache.hide_branches(static_cast<size_t>(c), static_cast<int64_t>(i), seen);
    }
  }
}

at::Tensor PrefixAttention::pad(const at::Tensor& t) {
  const int64_t longest = cache_.longest;
  if (place_.device() != t.device()) {
    place_ = place_.to(t.device());
    bias_ = bias_.to(t.device());
  }
  // Right padding needs no mask: a padded key comes after every real query.
  at::Tensor padded = t;
  if (!uniform_) {
    padded = at::zeros({clusters_ * longest, t.size(1), t.size(2)}, t.options());
    padded.index_copy_(0, place_, t);
  }
  return padded.view({clusters_, longest, t.size(1), t.size(2)}).transpose(1, 2).contiguous();
}

void PrefixAttention::keep(int64_t layer, const at::Tensor& k, const at::Tensor& v) {
  cache_.keys[static_cast<size_t>(layer)] = pad(k);
  cache_.values[static_cast<size_t>(layer)] = pad(v);
}

at::Tensor PrefixAttention::attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                                   const at::Tensor& v) {
  keep(layer, k, v);
  const at::Tensor queries = pad(q);
  const at::Tensor mixed =
      attention_core(queries, cache_.keys[static_cast<size_t>(layer)],
                     cache_.values[static_cast<size_t>(layer)], bias_.to(q.scalar_type()))
          .transpose(1, 2)
          .reshape({clusters_ * cache_.longest, q.size(1) * q.size(2)});
  return uniform_ ? mixed : mixed.index_select(0, place_);
}

SharedPrefixAttention::SharedPrefixAttention(const PrefixCache& prefix,
                                             std::vector<int64_t> rows_per_cluster,
                                             std::vector<int64_t> leaves, int64_t capacity,
                                             const LlamaConfig& config)
    : prefix_(prefix),
      clusters_(static_cast<int64_t>(rows_per_cluster.size())),
      widest_(*std::max_element(rows_per_cluster.begin(), rows_per_cluster.end())),
      capacity_(capacity),
      keys_(static_cast<size_t>(config.num_hidden_layers)),
      values_(static_cast<size_t>(config.num_hidden_layers)) {
  const bool branches = prefix.branches();
  const bool uniform = std::all_of(prefix.lengths.begin(), prefix.lengths.end(),
                                   [&](int64_t n) { return n == prefix.longest; });
  const int64_t views = branches ? widest_ : 1;  // of a cluster's prefix
  if (branches || !uniform) {
    prefix_bias_ = at::zeros({clusters_, 1, 1, views, 1, prefix.longest},
                             at::TensorOptions().dtype(at::kFloat));
  }
  for (int64_t c = 0; c < clusters_; ++c) {
    const auto cluster = static_cast<size_t>(c);
    const int64_t length = prefix.lengths[cluster];
    if (prefix_bias_.defined()) {
      prefix_bias_[c].narrow(-1, length, prefix.longest - length).fill_(kMasked);
    }
    for (int64_t i = 0; i < rows_per_cluster[cluster]; ++i) {
      const int64_t leaf = leaves[slot_.size()];
      slot_.push_back(c * widest_ + i);
      int64_t start = length;
      if (branches) {
        const std::vector<int64_t>& tree = prefix.trees[cluster];
        start -= static_cast<int64_t>(tree.size());
        for (int64_t at = leaf; at >= 0; at = tree[static_cast<size_t>(at)]) ++start;
        prefix.hide_branches(cluster, leaf,
                             prefix_bias_.data_ptr<float>() + slot_.back() * prefix.longest);
      }
      start_.push_back(start);
    }
  }
  own_.assign(slot_.size(), 0);
}

at::Tensor SharedPrefixAttention::begin(const std::vector<int64_t>& new_tokens, at::Device device) {
  pending_ = new_tokens;
  longest_new_ = std::max<int64_t>(1, *std::max_element(new_tokens.begin(), new_tokens.end()));
  used_ = 0;
  for (size_t row = 0; row < slot_.size(); ++row) {
    used_ = std::max(used_, own_[row] + new_tokens[row]);
  }
  std::vector<int64_t> query_place, key_place, positions;
  at::Tensor bias = at::full({clusters_ * widest_, longest_new_, used_}, kMasked,
                             at::TensorOptions().dtype(at::kFloat));
  float* cell = bias.data_ptr<float>();
  for (size_t row = 0; row < slot_.size(); ++row) {
    for (int64_t i = 0; i < new_tokens[row]; ++i) {
      query_place.push_back(slot_[row] * longest_new_ + i);
      key_place.push_back(slot_[row] * capacity_ + own_[row] + i);
      positions.push_back(start_[row] + own_[row] + i);
      float* seen = cell + (slot_[row] * longest_new_ + i) * used_;
      std::fill(seen, seen + own_[row] + i + 1, 0.0f);
    }
  }
  query_place_ = index_tensor(query_place).to(device);
  key_place_ = index_tensor(key_place).to(device);
  own_bias_ = bias.view({clusters_, 1, 1, widest_, longest_new_, used_}).to(device);
  if (prefix_bias_.defined()) prefix_bias_ = prefix_bias_.to(device);
  return index_tensor(positions).to(device);
}

at::Tensor SharedPrefixAttention::attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v) {
  const int64_t kv_heads = k.size(1);
  const int64_t size = k.size(2);
  const int64_t groups = q.size(1) / kv_heads;
  const int64_t slots = clusters_ * widest_;
  const int64_t length = prefix_.longest;
  const at::Tensor& prefix_keys = prefix_.keys[static_cast<size_t>(layer)];
  const at::Tensor& prefix_values = prefix_.values[static_cast<size_t>(layer)];

  at::Tensor& keys = keys_[static_cast<size_t>(layer)];
  at::Tensor& values = values_[static_cast<size_t>(layer)];
  if (!keys.defined()) {
    keys = at::zeros({slots * capacity_, kv_heads, size}, k.options());
    values = at::zeros({slots * capacity_, kv_heads, size}, v.options());
  }
  keys.index_copy_(0, key_place_, k);
  values.index_copy_(0, key_place_, v);
  const auto own = [&](const at::Tensor& cache) {  // [slots, kv_heads, used, size]
    return cache.view({slots, capacity_, kv_heads, size}).narrow(1, 0, used_).transpose(1, 2);
  };
  const at::Tensor own_keys = own(keys);
  const at::Tensor own_values = own(values);

  // Queries in slots: [clusters, widest, new, kv_heads, groups, size].
  const bool dense = q.size(0) == slots * longest_new_;
  at::Tensor padded = q;
  if (!dense) {
    padded = at::zeros({slots * longest_new_, q.size(1), size}, q.options());
    padded.index_copy_(0, query_place_, q);
  }
  const double scale = 1.0 / std::sqrt(static_cast<double>(size));
  const at::Tensor cells =
      (padded * scale).view({clusters_, widest_, longest_new_, kv_heads, groups, size});
  // All rows of a cluster against its prefix: one product a (cluster, key head).
  const at::Tensor by_cluster =
      cells.permute({0, 3, 4, 1, 2, 5})
          .reshape({clusters_, kv_heads, groups * widest_ * longest_new_, size});
  const at::Tensor prefix_scores =
      at::matmul(by_cluster, prefix_keys.transpose(2, 3))
          .view({clusters_, kv_heads, groups, widest_, longest_new_, length});
  const at::Tensor by_row =
      cells.permute({0, 1, 3, 4, 2, 5}).reshape({slots, kv_heads, groups * longest_new_, size});
  const at::Tensor own_scores =
      at::matmul(by_row, own_keys.transpose(2, 3))
          .view({clusters_, widest_, kv_heads, groups, longest_new_, used_})
          .permute({0, 2, 3, 1, 4, 5});

  at::Tensor wide_prefix = prefix_scores.to(at::kFloat);
  if (prefix_bias_.defined()) wide_prefix = wide_prefix + prefix_bias_;
  const at::Tensor scores = at::cat({wide_prefix, own_scores.to(at::kFloat) + own_bias_}, -1);
  const at::Tensor weights = at::softmax(scores, -1).to(q.scalar_type());

  const at::Tensor from_prefix =
      at::matmul(weights.narrow(-1, 0, length)
                     .reshape({clusters_, kv_heads, groups * widest_ * longest_new_, length}),
                 prefix_values)
          .view({clusters_, kv_heads, groups, widest_, longest_new_, size})
          .permute({0, 3, 4, 1, 2, 5});  // [clusters, widest, new, kv_heads, groups, size]
  const at::Tensor from_own =
      at::matmul(weights.narrow(-1, length, used_)
                     .permute({0, 3, 1, 2, 4, 5})
                     .reshape({slots, kv_heads, groups * longest_new_, used_}),
                 own_values)
          .view({clusters_, widest_, kv_heads, groups, longest_new_, size})
          .permute({0, 1, 4, 2, 3, 5});
  const at::Tensor mixed =
      (from_prefix + from_own).reshape({slots * longest_new_, q.size(1) * size});
  return dense ? mixed : mixed.index_select(0, query_place_);
}

void SharedPrefixAttention::commit() {
  for (size_t row = 0; row < own_.size(); ++row) own_[row] += pending_[row];
}

}  // namespace vigor
