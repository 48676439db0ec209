// Attention of many questions over the prefix that they share.
//
// Clusters (an image and its prefix) x rows (one answer each). The prefix's keys and values are
// stored once a cluster; each row adds its own. All rows of a cluster attend to the prefix in one
// matrix product, which is what makes 18 questions cost little more than one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/llama.h"

namespace vigor {

// Keys and values of the prefixes of `clusters`, [clusters, kv_heads, longest, head_dim] a layer.
struct PrefixCache {
  std::vector<at::Tensor> keys, values;
  std::vector<int64_t> lengths;  // tokens of each cluster's prefix, its tree's among them
  int64_t longest = 0;
  // The last tokens of a cluster's prefix may form a tree (QuestionTree): the parent of each, -1
  // for the token before the tree. Empty: no tree.
  std::vector<std::vector<int64_t>> trees;

  // Whether any cluster has a tree.
  bool branches() const;
  // Adds to `bias`, one for each of the cluster's `lengths` tokens, what hides those of its tree
  // that are neither `leaf` nor before it; -1: all of the tree.
  void hide_branches(size_t cluster, int64_t leaf, float* bias) const;
};

// Prefill of prefixes: causal within each cluster, where a token of a tree sees the prefix and its
// own branch; keys and values are kept in `cache`.
// Tokens are packed cluster after cluster (lengths from `cache.lengths`).
class PrefixAttention : public Attention {
 public:
  // `cache` must outlive this and have its lengths and trees set.
  PrefixAttention(PrefixCache& cache, const LlamaConfig& config);
  at::Tensor attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;
  // Only puts k and v into the cache: for a layer whose output nobody asks for.
  void keep(int64_t layer, const at::Tensor& k, const at::Tensor& v);

 private:
  // [tokens, heads, head_dim] -> [clusters, heads, longest, head_dim].
  at::Tensor pad(const at::Tensor& t);

  PrefixCache& cache_;
  int64_t clusters_;
  bool uniform_ = true;
  at::Tensor place_;  // [tokens]: where a packed token lies in the padded [clusters * longest]
  at::Tensor bias_;   // [1, 1, longest, longest] fp32; with trees [clusters, 1, longest, longest]
};

// The rows' own tokens: first their suffixes, then one token a step.
class SharedPrefixAttention : public Attention {
 public:
  // rows_per_cluster[c] rows in cluster c; at most `capacity` own tokens a row. The row numbered r
  // goes on from the token leaves[r] of its cluster's tree, and sees no other branch; -1: from
  // before the tree. `prefix` must outlive this.
  SharedPrefixAttention(const PrefixCache& prefix, std::vector<int64_t> rows_per_cluster,
                        std::vector<int64_t> leaves, int64_t capacity, const LlamaConfig& config);

  // Announces the tokens of the next forward: new_tokens[row] tokens of each row (0: none), packed
  // row after row, rows numbered cluster after cluster. Returns their positions [tokens] int64.
  at::Tensor begin(const std::vector<int64_t>& new_tokens, at::Device device);
  at::Tensor attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;
  // Makes the tokens of the last forward part of the rows.
  void commit();

 private:
  const PrefixCache& prefix_;
  int64_t clusters_, widest_, capacity_;
  int64_t longest_new_ = 0, used_ = 0;
  std::vector<int64_t> slot_;     // row -> cluster * widest + index in the cluster
  std::vector<int64_t> start_;    // row -> position of its first own token
  std::vector<int64_t> own_;      // row -> own tokens so far
  std::vector<int64_t> pending_;  // row -> tokens of the forward under way
  std::vector<at::Tensor> keys_,
      values_;              // a layer: [clusters * widest, capacity, kv_heads, head_dim]
  at::Tensor query_place_;  // [tokens]: place in the padded [clusters * widest * longest_new]
  at::Tensor key_place_;    // [tokens]: place in [clusters * widest * capacity]
  // [clusters, 1, 1, 1, 1, longest] fp32, undefined when all are equal; with trees [clusters, 1, 1,
  // widest, 1, longest].
  at::Tensor prefix_bias_;
  at::Tensor own_bias_;  // [clusters, 1, 1, widest, longest_new, used] fp32
};

}  // namespace vigor
