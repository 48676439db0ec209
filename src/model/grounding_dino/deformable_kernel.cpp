// The fused kernel of deformable attention for the CPU: softmax, places and bilinear sums of one
// query and head at a time, so that nothing but the result is written to memory. Plain tensors
// spend more than half of the detector's time in this step.
//
// Compiled with OpenMP, without which at::parallel_for runs on one core.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "model/grounding_dino/deformable_attention.h"

// One copy of the loops for each vector width; the loader takes the widest that the machine has.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VIGOR_VECTOR_WIDTHS __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define VIGOR_VECTOR_WIDTHS
#endif
#define VIGOR_INLINE inline __attribute__((always_inline))

namespace vigor {
namespace {

struct Level {
  int64_t height = 0, width = 0, start = 0;
};

struct Arguments {
  const float* offsets = nullptr;
  const float* scores = nullptr;
  const float* reference = nullptr;
  const Level* levels = nullptr;
  int64_t level_count = 0, points = 0, heads = 0, size = 0, queries = 0, places = 0;
  int64_t reference_size = 2;  // 2 or 4 numbers a reference point
};

VIGOR_INLINE float to_float(float value) {
  return value;
}
VIGOR_INLINE float to_float(uint16_t bfloat) {
  return std::bit_cast<float>(static_cast<uint32_t>(bfloat) << 16);
}
VIGOR_INLINE void store(float value, float* out) {
  *out = value;
}
// To the nearest, ties to even, as PyTorch rounds.
VIGOR_INLINE void store(float value, uint16_t* out) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  *out =
      nan ? uint16_t{0x7fc0} : static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// sum[0..size) += weight * the bilinear mix at (x, y), in places of the level; zeros outside.
template <int kSize, typename T>
VIGOR_INLINE void add_place(const T* map, const Level& level, int64_t stride, int64_t any_size,
                            float x, float y, float weight, float* sum) {
  const int64_t size = kSize > 0 ? kSize : any_size;
  // Written so that NaN falls outside too: nothing is read through it.
  const bool inside = y > -1.0f && x > -1.0f && y < static_cast<float>(level.height) &&
                      x < static_cast<float>(level.width);
  if (!inside) return;
  const float top = std::floor(y), left = std::floor(x);
  const float down = y - top, right = x - left;
  const auto row = static_cast<int64_t>(top), column = static_cast<int64_t>(left);
  const bool has_top = row >= 0, has_bottom = row + 1 < level.height;
  const bool has_left = column >= 0, has_right = column + 1 < level.width;
  // A corner outside is read from a place inside with weight 0, so that there is one loop.
  const T* upper = map + (has_top ? row : 0) * level.width * stride;
  const T* lower = map + (has_bottom ? row + 1 : level.height - 1) * level.width * stride;
  const int64_t first = (has_left ? column : 0) * stride;
  const int64_t second = (has_right ? column + 1 : level.width - 1) * stride;
  const float a = has_top && has_left ? weight * (1 - down) * (1 - right) : 0.0f;
  const float b = has_top && has_right ? weight * (1 - down) * right : 0.0f;
  const float c = has_bottom && has_left ? weight * down * (1 - right) : 0.0f;
  const float d = has_bottom && has_right ? weight * down * right : 0.0f;
  const T* p = upper + first;
  const T* q = upper + second;
  const T* r = lower + first;
  const T* s = lower + second;
  for (int64_t i = 0; i < size; ++i) {
    sum[i] += a * to_float(p[i]) + b * to_float(q[i]) + c * to_float(r[i]) + d * to_float(s[i]);
  }
}

// Rows [begin, end) of batch * queries.
template <int kSize, typename T>
VIGOR_INLINE void sample_rows(const Arguments& args, const T* value, T* out, float* weight,
                              float* any_sum, int64_t begin, int64_t end) {
  const int64_t size = kSize > 0 ? kSize : args.size;
  const int64_t samples = args.level_count * args.points;
  const int64_t stride = args.heads * size;
  float fixed_sum[kSize > 0 ? kSize : 1];
  float* sum = kSize > 0 ? fixed_sum : any_sum;
  for (int64_t row = begin; row < end; ++row) {
    const T* maps = value + row / args.queries * args.places * stride;
    const float* reference = args.reference + row * args.level_count * args.reference_size;
    for (int64_t head = 0; head < args.heads; ++head) {
      const float* score = args.scores + (row * args.heads + head) * samples;
      const float* offset = args.offsets + (row * args.heads + head) * samples * 2;
      float largest = score[0], total = 0;
      for (int64_t i = 1; i < samples; ++i) largest = std::max(largest, score[i]);
      for (int64_t i = 0; i < samples; ++i) {
        weight[i] = std::exp(score[i] - largest);
        total += weight[i];
      }
      for (int64_t i = 0; i < size; ++i) sum[i] = 0;
      for (int64_t l = 0; l < args.level_count; ++l) {
        const Level& level = args.levels[l];
        const float* at = reference + l * args.reference_size;
        const auto width = static_cast<float>(level.width);
        const auto height = static_cast<float>(level.height);
        const bool box = args.reference_size == 4;
        const float spread = 0.5f / static_cast<float>(args.points);
        const float x_step = box ? at[2] * spread * width : 1.0f;
        const float y_step = box ? at[3] * spread * height : 1.0f;
        const float x_start = at[0] * width - 0.5f, y_start = at[1] * height - 0.5f;
        const T* map = maps + level.start * stride + head * size;
        for (int64_t p = 0; p < args.points; ++p) {
          const int64_t i = l * args.points + p;
          add_place<kSize>(map, level, stride, size, x_start + offset[2 * i] * x_step,
                           y_start + offset[2 * i + 1] * y_step, weight[i] / total, sum);
        }
      }
      T* target = out + row * stride + head * size;
      for (int64_t i = 0; i < size; ++i) store(sum[i], target + i);
    }
  }
}

VIGOR_VECTOR_WIDTHS void rows_float(const Arguments& args, const float* value, float* out,
                                    float* weight, float* sum, int64_t begin, int64_t end) {
  if (args.size == 32) return sample_rows<32>(args, value, out, weight, sum, begin, end);
  sample_rows<0>(args, value, out, weight, sum, begin, end);
}
VIGOR_VECTOR_WIDTHS void rows_bfloat(const Arguments& args, const uint16_t* value, uint16_t* out,
                                     float* weight, float* sum, int64_t begin, int64_t end) {
  if (args.size == 32) return sample_rows<32>(args, value, out, weight, sum, begin, end);
  sample_rows<0>(args, value, out, weight, sum, begin, end);
}

}  // namespace

at::Tensor fused_sample_levels(const at::Tensor& value_in, const LevelShapes& shapes,
                               const at::Tensor& offsets_in, const at::Tensor& scores_in,
                               const at::Tensor& reference_in) {
  const at::Tensor value = value_in.contiguous();
  const at::Tensor offsets = offsets_in.contiguous();
  const at::Tensor scores = scores_in.contiguous();
  const at::Tensor reference = reference_in.to(at::kFloat).contiguous();
  std::vector<Level> levels;
  int64_t start = 0;
  for (const auto& [height, width] : shapes) {
    levels.push_back({height, width, start});
    start += height * width;
  }
  Arguments args;
  args.offsets = offsets.data_ptr<float>();
  args.scores = scores.data_ptr<float>();
  args.reference = reference.data_ptr<float>();
  args.levels = levels.data();
  args.level_count = static_cast<int64_t>(levels.size());
  args.points = offsets.size(4);
  args.heads = value.size(2);
  args.size = value.size(3);
  args.queries = offsets.size(1);
  args.places = value.size(1);
  args.reference_size = reference.size(-1);
  TORCH_CHECK(start == args.places && offsets.size(3) == args.level_count &&
                  reference.size(2) == args.level_count,
              "deformable attention: levels do not match the values");

  const at::Tensor out =
      at::empty({value.size(0), args.queries, args.heads * args.size}, value.options());
  const bool bfloat = value.scalar_type() == at::kBFloat16;
  at::parallel_for(0, value.size(0) * args.queries, 64, [&](int64_t begin, int64_t end) {
    std::vector<float> weight(static_cast<size_t>(args.level_count * args.points));
    std::vector<float> sum(static_cast<size_t>(args.size));
    if (bfloat) {
      rows_bfloat(args, static_cast<const uint16_t*>(value.data_ptr()),
                  static_cast<uint16_t*>(out.data_ptr()), weight.data(), sum.data(), begin, end);
    } else {
      rows_float(args, value.data_ptr<float>(), out.data_ptr<float>(), weight.data(), sum.data(),
                 begin, end);
    }
  });
  return out;
}

}  // namespace vigor
