// What statistics of a whole POPE run cost: 9,000 questions about 500 images (or about as many
// images as questions), all five figures of three splits and their averages.
#include <benchmark/benchmark.h>

#include "base/random.h"
#include "reports/resampling.h"

namespace vigor::statistics {
namespace {

constexpr int kSplits = 3;

std::vector<RatioSum> pope_figures(int images, int questions) {
  std::vector<RatioSum> figures(5 * (kSplits + 1));
  for (int split = 0; split < kSplits; ++split) {
    std::vector<std::vector<ClusterRatio>> clusters(5);
    for (int image = 0; image < images; ++image) {
      CounterRandom random(7, "pope", static_cast<uint64_t>(split * images + image));
      double tp = 0, fp = 0, tn = 0, fn = 0;
      for (int q = 0; q < questions; ++q) {
        const bool right = random.uniform() < 0.85;
        ++(q % 2 == 0 ? (right ? tp : fn) : (right ? tn : fp));
      }
      clusters[0].push_back({tp + tn, tp + fp + tn + fn});
      clusters[1].push_back({tp, tp + fp});
      clusters[2].push_back({tp, tp + fn});
      clusters[3].push_back({2 * tp, 2 * tp + fp + fn});
      clusters[4].push_back({tp + fp, tp + fp + tn + fn});
    }
    for (size_t m = 0; m < 5; ++m) {
      figures[static_cast<size_t>(split) * 5 + m] = {{1, clusters[m]}};
      figures[kSplits * 5 + m].push_back({1.0 / kSplits, clusters[m]});
    }
  }
  return figures;
}

// Arguments: images, questions of an image and split.
void bootstrap_of_9000_samples(benchmark::State& state) {
  const auto figures =
      pope_figures(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(resampled_intervals(figures, {.resamples = 10'000}));
  }
}
BENCHMARK(bootstrap_of_9000_samples)
    ->Args({500, 6})
    ->Args({3000, 1})
    ->Unit(benchmark::kMillisecond);

void linearised_errors_of_9000_samples(benchmark::State& state) {
  const auto figures = pope_figures(500, 6);
  for (auto _ : state) {
    for (const RatioSum& figure : figures) benchmark::DoNotOptimize(sum_estimate(figure));
  }
}
BENCHMARK(linearised_errors_of_9000_samples)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vigor::statistics
