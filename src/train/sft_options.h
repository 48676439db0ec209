// Settings of supervised fine-tuning.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/loop_options.h"

namespace vigor {

// Low-rank adapters (Hu et al., 2021): W + (alpha / rank) B A, merged into W when saving.
struct LoraOptions {
  // Rank of the adapters; 0 is off.
  int64_t rank = 0;
  // The update is scaled by alpha / rank (above 0).
  double alpha = 16.0;
  // Linear layers of the language model that get an adapter, by the last part of their name.
  std::vector<std::string> targets = {"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                      "gate_proj", "up_proj", "down_proj"};
};

struct SftOptions {
  LoopOptions loop;
  // Samples of one forward and backward (1 to batch_size); 0: the whole batch at once. Gradients
  // are accumulated over the micro-batches of a batch.
  int64_t micro_batch = 0;
  // Draw the samples about one picture together, at most 32, and compute what they begin with alike
  // once (train/packed_samples.h): batch_size and micro_batch count pictures then.
  bool group_by_image = false;
  // "fp32", or "bf16": forward and backward in bf16 on copies of fp32 master weights.
  std::string dtype = "fp32";
  // "tokens": the sum over all target tokens of a batch divided by their number, whatever the
  // micro-batch. "mean_of_means": the mean of the micro-batches' means, as older trainers do.
  std::string loss_normalisation = "tokens";
  // Recompute a layer's activations in the backward pass instead of keeping them: less memory, a
  // third more arithmetic, bit-identical gradients.
  bool gradient_checkpointing = false;
  // Longest sequence in tokens with the image's expanded (1 or more); longer ones lose their end,
  // and are counted.
  int64_t max_length = 2048;
  // Names of the parameters that are trained, `*` matches anything. Empty: projector and language
  // model ("multi_modal_projector.*", "language_model.*"); with LoRA the projector alone.
  std::vector<std::string> trainable;
  LoraOptions lora;
  // Precision of the saved weights: "fp32", "bf16" or "fp16".
  std::string save_dtype = "fp32";
};

// `where` names the object in messages. Throws Error (usage) for an unknown key, with the nearest
// known one, and for a value out of its range. A "comment" key is allowed.
SftOptions parse_sft_options(const Json& json, const std::string& where);

// What must be the same when a stopped run goes on.
Json sft_settings(const SftOptions& options);

}  // namespace vigor
