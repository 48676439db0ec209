// Images with 18 questions each through the engine, random weights of a geometry: rows/s and the
// share of the machine's GEMM rate, measured in the same run. And what a reward model is asked: the
// contexts of every sentence of five captions.
//
//   vigor_engine_benchmark [--geometry=FILE]   default: configs/models/llava-s.json
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <cstring>

#include "base/memory.h"
#include "engine/engine.h"
#include "engine/machine.h"

namespace vigor {
namespace {

std::string geometry = VIGOR_SOURCE_DIR "/configs/models/llava-s.json";

// POPE's shape: a template of 35 tokens, the image, questions of 14 to 20 tokens, one word
// answered.
std::vector<EngineRequest> requests(const LlavaConfig& config, int64_t images, int64_t questions) {
  std::vector<EngineRequest> all;
  const int64_t side = config.vision.image_size;
  CounterRandom random(1, "questions");
  for (int64_t i = 0; i < images; ++i) {
    EngineRequest request{std::to_string(i), at::randn({3, side, side}), {}};
    std::vector<int64_t> prefix(35, 5);
    prefix.push_back(kImageTokenId);
    for (int64_t q = 0; q < questions; ++q) {
      std::vector<int64_t> ids = prefix;
      const uint32_t length = 14 + random.below(7);
      for (uint32_t t = 0; t < length; ++t) ids.push_back(10 + random.below(400));
      request.prompts.push_back(ids);
    }
    all.push_back(std::move(request));
  }
  return all;
}

void run_pope(benchmark::State& state, at::ScalarType dtype, bool share) {
  const LlavaConfig config = parse_llava_config(read_json_file(geometry), geometry);
  const Llava model(config, random_parameters(1, dtype, at::kCPU));
  Engine engine(model, {.images_per_batch = 0, .share_prefix = share}, steady_clock());
  const int64_t images = share ? engine.images_per_batch() : 1;
  const int64_t questions = share ? 18 : 2;
  const auto batch = requests(config, images, questions);
  DecodingOptions options;
  options.max_new_tokens = 2;
  const double gemm = dtype == at::kFloat ? measure_machine().gemm_gflops_float32
                                          : measure_machine().gemm_gflops_bfloat16;
  const Clock clock = steady_clock();
  double seconds = 0;
  for (auto _ : state) {
    const double start = clock();
    benchmark::DoNotOptimize(engine.run(batch, options));
    seconds += clock() - start;
  }
  const double rows = static_cast<double>(state.iterations() * images * questions);
  const double gflops = engine.measurements().useful_flops / seconds / 1e9;
  state.counters["rows_per_s"] = rows / seconds;
  state.counters["useful_gflops"] = gflops;
  state.counters["gemm_gflops"] = gemm;
  state.counters["share_of_gemm"] = gflops / gemm;
  for (const auto& [phase, s] : engine.measurements().seconds) state.counters[phase] = s / seconds;
}

// Five captions of six sentences of 18 tokens; each sentence is asked about behind the text before
// it, with 5 tokens at the end.
std::vector<EngineRequest> contexts(const LlavaConfig& config, int64_t images) {
  std::vector<EngineRequest> all = requests(config, images, 1);
  CounterRandom random(2, "captions");
  for (EngineRequest& request : all) {
    const std::vector<int64_t> first = std::move(request.prompts[0]);
    request.prompts.clear();
    for (int caption = 0; caption < 5; ++caption) {
      std::vector<int64_t> text = first;
      for (int sentence = 0; sentence < 6; ++sentence) {
        for (int t = 0; t < 18; ++t) text.push_back(10 + random.below(400));
        std::vector<int64_t> asked = text;
        asked.insert(asked.end(), {4, 5, 6, 7, 8});
        request.prompts.push_back(std::move(asked));
      }
    }
  }
  return all;
}

void run_reward(benchmark::State& state, double least_tree_saving) {
  const LlavaConfig config = parse_llava_config(read_json_file(geometry), geometry);
  const Llava model(config, random_parameters(1, at::kFloat, at::kCPU));
  Engine engine(model, {.least_tree_saving = least_tree_saving}, steady_clock());
  constexpr int64_t images = 2;
  const auto batch = contexts(config, images);
  DecodingOptions options;
  options.max_new_tokens = 1;
  options.probe_ids = {5, 6};
  for (auto _ : state) benchmark::DoNotOptimize(engine.run(batch, options));
  const EngineMeasurements& m = engine.measurements();
  const auto rounds = static_cast<double>(state.iterations() * images);
  state.counters["prompt_tokens_an_image"] = static_cast<double>(m.prompt_tokens) / rounds;
  state.counters["computed_an_image"] = static_cast<double>(m.computed_prompt_tokens) / rounds;
  for (const auto& [phase, s] : m.seconds) state.counters[phase + "_s_an_image"] = s / rounds;
}

BENCHMARK_CAPTURE(run_reward, contexts_as_a_tree, 0.25)->Unit(benchmark::kSecond)->UseRealTime();
BENCHMARK_CAPTURE(run_reward, contexts_side_by_side, 2.0)->Unit(benchmark::kSecond)->UseRealTime();
BENCHMARK_CAPTURE(run_pope, fp32_shared_prefix, at::kFloat, true)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(run_pope, fp32_one_question_at_a_time, at::kFloat, false)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(run_pope, bf16_shared_prefix, at::kBFloat16, true)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

}  // namespace
}  // namespace vigor

int main(int argc, char** argv) {
  vigor::keep_freed_memory();
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--geometry=", 11) == 0) {
      vigor::geometry = argv[i] + 11;
      std::copy(argv + i + 1, argv + argc, argv + i);
      --argc;
      break;
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
