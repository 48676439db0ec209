// How a training loop steps: what SFT and vision pretraining have in common.
//
// train/ holds the supervised fine-tuning core and the pretraining of a vision tower. It needs
// LibTorch and nlohmann/json alone: samples come through interfaces, already tokenised and
// preprocessed.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace vigor {

// Defaults are those of LLaVA's fine-tuning script.
struct LoopOptions {
  // Highest learning rate, reached at the end of the warm-up (above 0).
  double learning_rate = 2e-5;
  // After the warm-up: "cosine" to 0, "linear" to 0, or "constant".
  std::string schedule = "cosine";
  // Share of the steps that warm up linearly from 0, rounded up (0 to 1).
  double warmup_ratio = 0.03;
  // Decoupled weight decay; norms and biases are exempt (0 or more).
  double weight_decay = 0.0;
  double adam_beta1 = 0.9;     // in [0, 1)
  double adam_beta2 = 0.999;   // in [0, 1)
  double adam_epsilon = 1e-8;  // above 0
  // Gradients are scaled down to this global norm; 0 is off.
  double max_grad_norm = 1.0;
  // Samples of one optimiser step (1 or more); the last batch of an epoch may be smaller.
  int64_t batch_size = 32;
  // Times that every sample is seen (1 or more).
  int64_t epochs = 1;
  // Ends after so many steps, the schedule with it; 0: as epochs says.
  int64_t max_steps = 0;
  // A new order every epoch, a function of (seed, epoch); false: the order of the source.
  bool shuffle = true;
  uint64_t seed = 0;
  // Steps between checkpoints; 0: only at the end and when interrupted.
  int64_t checkpoint_every = 500;
  // Checkpoints that are kept, the newest (1 or more).
  int64_t keep_checkpoints = 2;
};

// Reads the keys of LoopOptions, named as the fields. Unknown keys are left for the caller's
// reader.reject_unknown(). Throws Error (usage) for a value out of its range.
LoopOptions parse_loop_options(ObjectReader& reader, LoopOptions defaults = {});

// How a batch goes through the network. Throws Error (usage) unless `micro_batch` is 0 (the whole
// batch) to batch_size and `dtype` is "fp32" or "bf16".
void check_passes(const LoopOptions& options, int64_t micro_batch, const std::string& dtype,
                  const std::string& where);

// What must be the same when a stopped run goes on: all fields but the checkpoint ones.
Json loop_settings(const LoopOptions& options);

// Steps of an epoch, and of the whole run, over `samples` samples.
int64_t steps_per_epoch(const LoopOptions& options, uint64_t samples);
int64_t total_steps(const LoopOptions& options, uint64_t samples);

// Learning rate of step `step` (0-based) of `total`. With a warm-up the first step runs at 0.
// The formula is transformers' get_cosine_schedule_with_warmup.
double learning_rate_at(const LoopOptions& options, int64_t step, int64_t total);

// Throws Error (usage): "'KEY' is VALUE, but must be RANGE".
[[noreturn]] void out_of_range(const std::string& where, const std::string& key,
                               const std::string& value, const std::string& range);

}  // namespace vigor
