// A small model and samples for the tests of training.
#pragma once

#include <ATen/ATen.h>

#include "base/random.h"
#include "model/llava.h"
#include "train/sft.h"

namespace vigor::testing {

inline LlavaConfig small_llava(const ClipVisionConfig& vision, const LlamaConfig& text) {
  LlavaConfig config;
  config.vision = vision;
  config.text = text;
  config.text.head_dim = text.hidden_size / text.num_attention_heads;
  config.projector = "mlp2x_gelu";
  return config;
}

inline LlavaConfig tiny_config() {
  LlavaConfig config = small_llava({.hidden_size = 16,
                                    .intermediate_size = 24,
                                    .num_hidden_layers = 2,
                                    .num_attention_heads = 2,
                                    .image_size = 8,
                                    .patch_size = 4},
                                   {.vocab_size = 40,
                                    .hidden_size = 16,
                                    .intermediate_size = 24,
                                    .num_hidden_layers = 2,
                                    .num_attention_heads = 2,
                                    .num_key_value_heads = 1});
  config.image_token_index = 39;
  return config;
}

// Samples of different length with an image each; a function of the index alone.
class TinySamples : public SampleSource {
 public:
  explicit TinySamples(uint64_t count) : count_(count) {}
  uint64_t size() const override { return count_; }
  TrainingSample sample(uint64_t index) const override {
    if (index == fail_at) throw std::runtime_error("the machine went down");
    CounterRandom random(5, "tiny", index);
    TrainingSample sample{.id = "tiny-" + std::to_string(index), .ids = {1, kImageTokenId}};
    sample.labels = {kNoLoss, kNoLoss};
    const uint32_t length = 3 + random.below(6);
    for (uint32_t i = 0; i < length; ++i) {
      const int64_t id = 2 + random.below(30);
      sample.ids.push_back(id);
      sample.labels.push_back(i < 2 ? kNoLoss : id);
    }
    return sample;
  }
  at::Tensor image(uint64_t index) const override {
    at::Tensor pixels = at::empty({3, 8, 8});
    CounterRandom random(6, "tiny", index);
    for (int64_t i = 0; i < pixels.numel(); ++i) {
      pixels.data_ptr<float>()[i] = static_cast<float>(random.normal());
    }
    return pixels;
  }
  Json identity() const override { return {{"tiny", count_}}; }

  uint64_t fail_at = ~uint64_t{0};

 private:
  uint64_t count_;
};

inline TrainingRun silent_run(FileSystem& files, const std::filesystem::path& folder) {
  TrainingRun run{.files = files, .folder = folder};
  run.clock = [] { return 0.0; };
  run.wall_clock = [] { return 1.7e9; };
  return run;
}

}  // namespace vigor::testing
