// Grounding DINO at its real size with random weights: where the time of one picture goes, plain
// tensors beside the fused kernel in one run; pictures of other sides (--detector-side), and
// several pictures in one forward (--detector-batch), at the real size and at the demo detector's.
//
//   detector_benchmark [GEOMETRY.json]        default: configs/models/grounding-dino-tiny.json
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <c10/core/GradMode.h>

#include <string>

#include "model/grounding_dino/grounding_dino.h"

namespace vigor {
namespace {

constexpr int64_t kHeight = 800, kWidth = 1066;
constexpr int64_t kNouns = 10;

std::string geometry = std::string(VIGOR_SOURCE_DIR) + "/configs/models/grounding-dino-tiny.json";

const GroundingDinoConfig& config() {
  static const GroundingDinoConfig parsed =
      parse_grounding_dino_config(read_json_file(geometry), geometry);
  return parsed;
}

GroundingDino model_of(at::ScalarType dtype, AttentionKernel kernel) {
  GroundingDino model(config(), random_grounding_dino(config(), 1, dtype, at::kCPU));
  model.set_kernel(kernel);
  return model;
}

// [CLS], ten nouns of one token with a full stop each, [SEP].
at::Tensor prompt() {
  std::vector<int64_t> ids = {101};
  for (int64_t i = 0; i < kNouns; ++i) {
    ids.push_back(2000 + 37 * i);
    ids.push_back(1012);
  }
  ids.push_back(102);
  return at::tensor(ids, at::kLong).unsqueeze(0);
}

struct Picture {
  at::Tensor pixels = at::randn({1, 3, kHeight, kWidth});
  at::Tensor mask = at::ones({1, kHeight, kWidth}, at::kLong);
};

void whole(benchmark::State& state, at::ScalarType dtype, AttentionKernel kernel) {
  c10::NoGradGuard no_grad;
  const GroundingDino model = model_of(dtype, kernel);
  const Picture picture;
  const at::Tensor pixels = picture.pixels.to(dtype);
  const at::Tensor ids = prompt();
  for (auto step : state) {
    const VisionFeatures vision = model.encode_images(pixels, picture.mask);
    const TextFeatures text = model.encode_text(ids, at::zeros_like(ids), at::ones_like(ids));
    benchmark::DoNotOptimize(model.ground(vision, text).boxes.sum().item<float>());
  }
}

// The part that another prompt about the same picture costs again.
void another_prompt(benchmark::State& state, at::ScalarType dtype) {
  c10::NoGradGuard no_grad;
  const GroundingDino model = model_of(dtype, AttentionKernel::kAuto);
  const Picture picture;
  const VisionFeatures vision = model.encode_images(picture.pixels.to(dtype), picture.mask);
  const at::Tensor ids = prompt();
  for (auto step : state) {
    const TextFeatures text = model.encode_text(ids, at::zeros_like(ids), at::ones_like(ids));
    benchmark::DoNotOptimize(model.ground(vision, text).boxes.sum().item<float>());
  }
}

// A picture in proportions of 800 x 1066 whose shortest side is `side`.
void at_side(benchmark::State& state, at::ScalarType dtype, int64_t side) {
  c10::NoGradGuard no_grad;
  const GroundingDino model = model_of(dtype, AttentionKernel::kAuto);
  const int64_t width = side * kWidth / kHeight;
  const at::Tensor pixels = at::randn({1, 3, side, width}).to(dtype);
  const at::Tensor mask = at::ones({1, side, width}, at::kLong);
  const at::Tensor ids = prompt();
  for (auto step : state) {
    const VisionFeatures vision = model.encode_images(pixels, mask);
    const TextFeatures text = model.encode_text(ids, at::zeros_like(ids), at::ones_like(ids));
    benchmark::DoNotOptimize(model.ground(vision, text).boxes.sum().item<float>());
  }
}

// `count` pictures of the demo detector's size in one forward; items are pictures.
void demo_batch(benchmark::State& state, int64_t count) {
  c10::NoGradGuard no_grad;
  const std::string file = std::string(VIGOR_SOURCE_DIR) + "/configs/models/demo-detector.json";
  const GroundingDinoConfig demo = parse_grounding_dino_config(read_json_file(file), file);
  const GroundingDino model(demo, random_grounding_dino(demo, 1, at::kFloat, at::kCPU));
  const at::Tensor pixels = at::randn({count, 3, 128, 128});
  const at::Tensor mask = at::ones({count, 128, 128}, at::kLong);
  std::vector<int64_t> words = {101};
  for (int64_t i = 0; i < kNouns; ++i) {
    words.push_back(1030 + i);
    words.push_back(1012);
  }
  words.push_back(102);
  const at::Tensor ids = at::tensor(words, at::kLong).repeat({count, 1});
  for (auto step : state) {
    const VisionFeatures vision = model.encode_images(pixels, mask);
    const TextFeatures text = model.encode_text(ids, at::zeros_like(ids), at::ones_like(ids));
    benchmark::DoNotOptimize(model.ground(vision, text).boxes.sum().item<float>());
  }
  state.SetItemsProcessed(state.iterations() * count);
}

// One layer's sampling: 17,821 places, 8 heads, 4 levels, 4 points.
void sampling(benchmark::State& state, at::ScalarType dtype, bool fused) {
  c10::NoGradGuard no_grad;
  const LevelShapes shapes = {{100, 134}, {50, 67}, {25, 34}, {13, 17}};
  int64_t places = 0;
  for (const auto& [height, width] : shapes) places += height * width;
  const at::Tensor value = at::randn({1, places, 8, 32}).to(dtype);
  const at::Tensor offsets = 2 * at::randn({1, places, 8, 4, 4, 2});
  const at::Tensor scores = at::randn({1, places, 8, 4, 4});
  // Each place looks around itself, as in the encoder: neighbours share the cache.
  std::vector<at::Tensor> centres;
  for (const auto& [height, width] : shapes) {
    const at::Tensor y = (at::arange(height, at::kFloat) + 0.5).view({height, 1}) / height;
    const at::Tensor x = (at::arange(width, at::kFloat) + 0.5).view({1, width}) / width;
    centres.push_back(
        at::stack({x.expand({height, width}), y.expand({height, width})}, -1).flatten(0, 1));
  }
  const at::Tensor reference = at::cat(centres).view({1, places, 1, 2}).expand({1, places, 4, 2});
  const at::Tensor scale =
      at::tensor({134.0f, 100.0f, 67.0f, 50.0f, 34.0f, 25.0f, 17.0f, 13.0f}).view({4, 1, 2});
  for (auto step : state) {
    if (fused) {
      benchmark::DoNotOptimize(fused_sample_levels(value, shapes, offsets, scores, reference));
    } else {
      const at::Tensor weights = at::softmax(scores.flatten(3), -1).view(scores.sizes());
      const at::Tensor locations = reference.unsqueeze(2).unsqueeze(4) + offsets / scale;
      benchmark::DoNotOptimize(sample_levels(value, shapes, locations, weights));
    }
  }
}

void add_benchmarks() {
  const auto add = [](const std::string& name, auto function) {
    benchmark::RegisterBenchmark(name.c_str(), function)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  };
  for (const int64_t count : {1, 2, 4, 8, 16}) {
    add("demo_batch/" + std::to_string(count), [=](benchmark::State& s) { demo_batch(s, count); });
  }
  for (const int64_t side : {800, 640, 512, 400, 320}) {
    add("side/" + std::to_string(side) + "/float32",
        [=](benchmark::State& s) { at_side(s, at::kFloat, side); });
  }
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const std::string of = dtype == at::kFloat ? "/float32" : "/bfloat16";
    add("sampling/plain" + of, [=](benchmark::State& s) { sampling(s, dtype, false); });
    add("sampling/fused" + of, [=](benchmark::State& s) { sampling(s, dtype, true); });
    add("picture/plain" + of,
        [=](benchmark::State& s) { whole(s, dtype, AttentionKernel::kPlain); });
    add("picture/fused" + of,
        [=](benchmark::State& s) { whole(s, dtype, AttentionKernel::kAuto); });
    add("another_prompt/fused" + of, [=](benchmark::State& s) { another_prompt(s, dtype); });
  }
}

}  // namespace
}  // namespace vigor

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc > 1) vigor::geometry = argv[1];
  vigor::add_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
}
