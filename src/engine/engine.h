// Prefix-sharing execution of a LLaVA: one image with all that is asked of it.
//
// engine/ holds the scheduler, the caches, sampling and scoring. It needs LibTorch alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "engine/sampling.h"
#include "model/llava.h"

namespace vigor {

struct EngineOptions {
  // Images in one forward; 0 picks a number from the geometry.
  int64_t images_per_batch = 0;
  // Bytes that the answers' own keys and values may take; questions beyond it wait for the next
  // wave, so that memory does not grow with the number of questions about an image. At least one
  // answer runs at a time.
  int64_t row_bytes = int64_t{2} << 30;
  // False computes every question on its own, from the image on: the field's way, kept as the
  // baseline that speed and equality are measured against.
  bool share_prefix = true;
  // Questions that share more than the prefix of all (the contexts of a caption's sentences) are
  // computed as a tree when that spares at least this share, 0 to 1, of the tokens behind the
  // prefix: every branch costs the others some attention. Above 1: never.
  double least_tree_saving = 0.25;
};

struct DecodingOptions {
  int64_t max_new_tokens = 64;  // at least 1
  SamplingOptions sampling;
  int64_t samples = 1;             // answers drawn for every prompt
  uint64_t seed = 0;               // random numbers are keyed by (seed, key and prompt, sample)
  std::vector<int64_t> end_ids;    // any of these ends an answer and is not part of it
  std::vector<int64_t> probe_ids;  // log-probabilities of these are reported at the first token
  int64_t top_logprobs = 0;        // likeliest tokens reported at the first position
  // Called after every token with the answer so far and its place in what run() returns
  // (answers[request][answer]); true ends that answer. May be empty.
  std::function<bool(size_t request, size_t answer, std::span<const int64_t> ids)> stopped;
  // True when the whole run is to stop; asked between forwards. May be empty.
  std::function<bool()> cancelled;
};

// Thrown by Engine::run when DecodingOptions::cancelled says so; what was computed is dropped.
struct EngineCancelled {};

struct EngineRequest {
  std::string key;    // names the image for random numbers
  at::Tensor pixels;  // [3, S, S] fp32; undefined when no prompt has an image
  // Token ids with kImageTokenId at the image's place (at most one a prompt).
  std::vector<std::vector<int64_t>> prompts;
};

struct EngineAnswer {
  std::vector<int64_t> ids;
  bool ended = false;  // by an end id or `stopped`, not by length
  // False when a logit was not finite (NaN weights, overflow in half precision): the answer stops
  // there and must not be used.
  bool finite = true;
  std::vector<float> probe_logprobs;  // natural log, one for each probe id, at the first token
  // Of the first token, end ids included, natural logs; empty unless top_logprobs were asked for.
  struct First {
    int64_t id = -1;
    float logprob = 0;
    std::vector<std::pair<int64_t, float>> top;  // (id, logprob), likeliest first
  } first;
};

struct EngineMeasurements {
  std::map<std::string, double> seconds;  // "vision", "prefix", "suffix", "decode", "sampling"
  double useful_flops = 0;  // of the answers that were asked for, attention counted causally
  int64_t images = 0, prompt_tokens = 0, computed_prompt_tokens = 0, new_tokens = 0;
};

// Not thread-safe. `model` must outlive the engine. Runs without autograd.
class Engine {
 public:
  Engine(const Llava& model, EngineOptions options, Clock clock);

  // Images that one call of run() should be given at once.
  int64_t images_per_batch() const { return images_per_batch_; }

  // Answers all prompts of all requests in one batch (images and prefixes together, the answers in
  // waves of row_bytes): answers[request][prompt * samples + sample]. A prompt longer than the
  // model's context throws Error; a cancelled run EngineCancelled.
  std::vector<std::vector<EngineAnswer>> run(std::span<const EngineRequest> requests,
                                             const DecodingOptions& options);

  // Natural-log probabilities of `continuation` token by token after each prompt (teacher forcing).
  // scores[request][prompt][token]; continuations[request][prompt] holds the ids.
  std::vector<std::vector<std::vector<float>>> score(
      std::span<const EngineRequest> requests,
      const std::vector<std::vector<std::vector<int64_t>>>& continuations);

  const EngineMeasurements& measurements() const { return measurements_; }

 private:
  struct Cluster;
  struct BatchRow;
  class Batch;

  size_t wave(std::span<const BatchRow> rows, const DecodingOptions& options) const;
  void answer_rows(Batch& batch, std::span<const EngineRequest> requests,
                   std::span<const BatchRow> rows, const DecodingOptions& options,
                   std::vector<std::vector<EngineAnswer>>& answers);

  const Llava& model_;
  EngineOptions options_;
  Clock clock_;
  int64_t images_per_batch_;
  EngineMeasurements measurements_;
};

}  // namespace vigor
