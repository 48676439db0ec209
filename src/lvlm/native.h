// A LLaVA checkpoint run by our own engine.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/progress.h"
#include "lvlm/lvlm.h"

namespace vigor {

struct NativeOptions {
  // A checkpoint folder (llava-hf or original layout), or "random:GEOMETRY.json" for random
  // weights.
  std::string model;
  // "auto": bfloat16 where the processor has bf16 matrix units or a GPU is used, else float32.
  std::string dtype = "auto";  // auto, float32, bfloat16, float16
  std::string device = "cpu";  // cpu, cuda, cuda:N
  // Conversation template; see text/conversation.h.
  std::string conversation = "vicuna_v1";
  // Replaces the template's system prompt.
  std::optional<std::string> system_prompt;
  // Images in one forward; 0: chosen from the geometry.
  int64_t images_per_batch = 0;
  // False asks every question on its own, image encoded again: the baseline for measurements.
  bool share_prefix = true;
  // Original layout: where the vision tower lies; empty: found beside the checkpoint.
  std::filesystem::path vision_tower;
  // Folder of tokenizer.model; empty: the checkpoint's own. Needed for random weights.
  std::filesystem::path tokenizer;
  // Pixels of the largest picture that is decoded; 0: what the image room refuses by itself.
  int64_t max_image_pixels = 0;
  // Of random weights.
  uint64_t random_seed = 0;
  Clock clock = steady_clock();
};

// Throws Error naming what is wrong with the folder.
std::unique_ptr<Lvlm> open_native_lvlm(const NativeOptions& options);

}  // namespace vigor
