// One batch of the engine: images encoded, prefixes prefilled, then forwards over the answers' own
// tokens. Internal to engine.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/question_tree.h"
#include "engine/shared_prefix_attention.h"

namespace vigor {

// Prompts of one request that share a prefix through the image.
struct Engine::Cluster {
  size_t request = 0;
  std::vector<size_t> prompts;  // indices into the request's prompts
  std::vector<int64_t> prefix;  // ids, with kImageTokenId
  QuestionTree tree;            // below it; empty when it would save too little
  int64_t length = 0;           // tokens of the prefix, the image's among them
};

// One row: an answer under way.
struct Engine::BatchRow {
  size_t request, prompt;
  int64_t sample;
  int64_t start;  // tokens in front of the row's own
  size_t cluster;
  int64_t leaf;  // in the cluster's tree; -1: the row goes on from the prefix
  std::span<const int64_t> suffix;
};

// Adds the seconds since construction to a phase.
class Stopwatch {
 public:
  Stopwatch(const Clock& clock, double& seconds)
      : clock_(clock), seconds_(seconds), start_(clock()) {}
  ~Stopwatch() { seconds_ += clock_() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  const Clock& clock_;
  double& seconds_;
  double start_;
};

// [values.size()] int64.
at::Tensor long_tensor(std::span<const int64_t> values, at::Device device);

class Engine::Batch {
 public:
  // `samples`: answers that are drawn to each prompt.
  Batch(Engine& engine, std::span<const EngineRequest> requests, int64_t samples);

  // `samples` rows a prompt, cluster after cluster.
  std::vector<BatchRow> make_rows() const;
  // The rows of one wave; they see no more of the prefixes than their own clusters'.
  void start_rows(std::span<const BatchRow> rows, int64_t capacity);
  // ids[row] are the next tokens of each row (possibly none). Returns hidden states, packed.
  at::Tensor forward(const std::vector<std::span<const int64_t>>& ids);

  const Llama& text() const { return engine_.model_.text(); }

 private:
  int64_t expanded(std::span<const int64_t> ids) const;
  void check_lengths() const;
  void encode_images();
  void make_clusters();
  void grow_trees();
  void prefill();

  Engine& engine_;
  std::span<const EngineRequest> requests_;
  int64_t samples_;
  at::Tensor features_;  // [images, image_tokens, hidden]
  std::vector<int64_t> feature_row_;
  std::vector<Cluster> clusters_;
  PrefixCache cache_, wave_cache_;
  std::optional<SharedPrefixAttention> attention_;
};

}  // namespace vigor
