// Training speed on a geometry of about four million parameters, as the demo checkpoint has.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "model/llava.h"
#include "tests/train/tiny_samples.h"
#include "train/adamw.h"
#include "train/sft.h"
#include "train/vision_pretrain.h"

namespace vigor {
namespace {

LlavaConfig small_config() {
  return testing::small_llava({.hidden_size = 160,
                               .intermediate_size = 640,
                               .num_hidden_layers = 6,
                               .num_attention_heads = 5,
                               .image_size = 128,
                               .patch_size = 16},
                              {.vocab_size = 1024,
                               .hidden_size = 192,
                               .intermediate_size = 512,
                               .num_hidden_layers = 5,
                               .num_attention_heads = 6,
                               .num_key_value_heads = 6});
}

// 64 image tokens and 60 to 100 of text, of which a third are targets.
class Samples : public SampleSource {
 public:
  Samples() : features_(at::randn({64, small_config().vision.hidden_size})) {}
  uint64_t size() const override { return 100000; }
  TrainingSample sample(uint64_t index) const override {
    TrainingSample sample;
    const int64_t length = 60 + static_cast<int64_t>(index % 40);
    for (int64_t i = 0; i < length; ++i) {
      const int64_t id = (i * 37 + static_cast<int64_t>(index)) % 1000;
      sample.ids.push_back(i == 4 ? kImageTokenId : id);
      sample.labels.push_back(i > 4 && i % 3 == 0 ? id : kNoLoss);
    }
    return sample;
  }
  at::Tensor image(uint64_t) const override { return features_; }
  Json identity() const override { return {}; }

 private:
  at::Tensor features_;
};

class Pictures : public LabelledPictures {
 public:
  uint64_t size() const override { return 100000; }
  int64_t kinds() const override { return 25; }
  int64_t colours() const override { return 12; }
  int64_t presences() const override { return 24; }
  Batch batch(std::span<const uint64_t> indices) const override {
    const auto n = static_cast<int64_t>(indices.size());
    return {at::randn({n, 3, 128, 128}), at::zeros({n, 64}, at::kLong),
            at::zeros({n, 64}, at::kLong), at::zeros({n, 24})};
  }
  Json identity() const override { return {}; }
};

void sft_step(benchmark::State& state, const char* dtype, bool checkpointing) {
  const LlavaConfig config = small_config();
  const Samples samples;
  SftOptions options;
  options.dtype = dtype;
  options.gradient_checkpointing = checkpointing;
  options.loop.batch_size = state.range(0);
  SftTask task(samples, config, random_parameters(1, at::kFloat, at::kCPU), options);
  AdamW optimiser(task.parameters().size(), task.parameters().decayed(), at::kCPU, options.loop);
  std::vector<uint64_t> batch;
  double flops = 0;
  for (int64_t i = 0; i < state.range(0); ++i) {
    batch.push_back(static_cast<uint64_t>(i));
    const int64_t tokens = 59 + i % 40 + 64;
    // A backward is two forwards.
    flops += 3 * text_flops(config.text, 0, tokens, (tokens - 64) / 3);
  }
  int64_t step = 0, tokens = 0;
  for (auto _ : state) {
    task.parameters().gradients().zero_();
    tokens += task.run_batch(batch, step++).tokens;
    clip_gradient_norm(task.parameters().gradients(), 1.0);
    optimiser.step(task.parameters().values(), task.parameters().gradients(), 1e-3);
    task.parameters().refresh();
  }
  const auto rate = benchmark::Counter::kIsRate;
  const auto iterations = static_cast<double>(state.iterations());
  state.counters["samples/s"] = {static_cast<double>(state.range(0)) * iterations, rate};
  state.counters["tokens/s"] = {static_cast<double>(tokens), rate};
  state.counters["FLOP/s"] = {flops * iterations, rate};
  state.counters["parameters"] = static_cast<double>(task.parameters().size());
}
BENCHMARK_CAPTURE(sft_step, fp32, "fp32", false)
    ->Arg(32)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sft_step, fp32_recomputed, "fp32", true)
    ->Arg(32)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sft_step, bf16, "bf16", false)
    ->Arg(32)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void vision_step(benchmark::State& state, const char* dtype) {
  LlavaConfig config = small_config();
  const Pictures pictures;
  VisionPretrainOptions options;
  options.dtype = dtype;
  VisionPretrainTask task(pictures, config.vision, config.vision_layers_needed(),
                          random_parameters(1, at::kFloat, at::kCPU), options);
  std::vector<uint64_t> batch;
  for (int64_t i = 0; i < state.range(0); ++i) batch.push_back(static_cast<uint64_t>(i));
  config.vision_feature_layer = -1;
  for (auto _ : state) {
    task.parameters().gradients().zero_();
    task.run_batch(batch, 0);
    task.parameters().refresh();
  }
  const double pictures_done =
      static_cast<double>(state.range(0)) * static_cast<double>(state.iterations());
  const auto rate = benchmark::Counter::kIsRate;
  state.counters["pictures/s"] = {pictures_done, rate};
  state.counters["FLOP/s"] = {3 * vision_flops(config) * pictures_done, rate};
}
BENCHMARK_CAPTURE(vision_step, fp32, "fp32")->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(vision_step, bf16, "bf16")->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);

void optimiser_step(benchmark::State& state) {
  const int64_t size = state.range(0);
  AdamW optimiser(size, size, at::kCPU, LoopOptions{});
  at::Tensor values = at::randn({size}), gradients = at::randn({size});
  for (auto _ : state) {
    clip_gradient_norm(gradients, 1.0);
    optimiser.step(values, gradients, 1e-3);
  }
}
BENCHMARK(optimiser_step)->Arg(4 << 20)->UseRealTime()->Unit(benchmark::kMillisecond);

void gemm(benchmark::State& state) {
  const auto type = state.range(0) == 0 ? at::kFloat : at::kBFloat16;
  const at::Tensor a = at::randn({2048, 2048}).to(type), b = at::randn({2048, 2048}).to(type);
  for (auto _ : state) benchmark::DoNotOptimize(at::matmul(a, b));
  state.counters["FLOP/s"] = {2.0 * 2048 * 2048 * 2048 * static_cast<double>(state.iterations()),
                              benchmark::Counter::kIsRate};
}
BENCHMARK(gemm)->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vigor

BENCHMARK_MAIN();
