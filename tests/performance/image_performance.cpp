// What one picture of POPE's size costs before the vision tower sees it.
#include <benchmark/benchmark.h>

#include <cmath>

#include "image/clip_preprocess.h"
#include "image/detector_preprocess.h"
#include "image/image.h"

namespace vigor {
namespace {

// Smooth shapes with a little noise: compresses as a photograph does.
const Image& picture() {
  static const Image image = [] {
    Image made{480, 640, {}};
    for (int y = 0; y < made.height; ++y) {
      for (int x = 0; x < made.width; ++x) {
        for (int c = 1; c <= 3; ++c) {
          const double shape = 100 * std::sin(x * 0.02 * c) * std::cos(y * 0.03);
          made.rgb.push_back(static_cast<uint8_t>(128 + shape + (x * 7919 + y * 104729) % 23));
        }
      }
    }
    return made;
  }();
  return image;
}

void decode(benchmark::State& state, const std::string& bytes) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_image(std::as_bytes(std::span(bytes)), "picture"));
  }
}

void decode_jpeg_480x640(benchmark::State& state) {
  decode(state, encode_jpeg(picture(), 90));
}
BENCHMARK(decode_jpeg_480x640)->Unit(benchmark::kMillisecond);

void decode_png_480x640(benchmark::State& state) {
  decode(state, encode_png(picture()));
}
BENCHMARK(decode_png_480x640)->Unit(benchmark::kMillisecond);

void clip(benchmark::State& state, int edge, Aspect aspect) {
  ClipPreprocess options;
  options.shortest_edge = options.crop_height = options.crop_width = edge;
  options.aspect = aspect;
  std::vector<float> values(options.values());
  for (auto _ : state) {
    preprocess_clip(picture(), options, values.data());
    benchmark::DoNotOptimize(values.data());
  }
}
BENCHMARK_CAPTURE(clip, crop_224, 224, Aspect::kCrop)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(clip, pad_336, 336, Aspect::kPad)->Unit(benchmark::kMillisecond);

void detector_800_1333(benchmark::State& state) {
  const DetectorPreprocess options;
  for (auto _ : state) {
    benchmark::DoNotOptimize(preprocess_detector({&picture(), 1}, options).pixel_values.data());
  }
}
BENCHMARK(detector_800_1333)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vigor
