// The fused kernel of deformable attention for the CPU: softmax, places and bilinear sums of one
// query and head at a time, so that nothing but the result is written to memory. Plain tensors
// spend more than half of the detector's time in this step.
//
// Compiled with OpenMP, without which at::parallel_for runs on one core.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <vector>

#include "model/grounding_dino/deformable_attention.h"
#include "model/grounding_dino/deformable_loops.h"

namespace vigor {
namespace deformable {
namespace {

using loops::store;
using loops::to_float;

// sum[0..size) += weight * the bilinear mix at (x, y), in places of the level; zeros outside.
template <int kSize, typename T>
VIGOR_INLINE void add_place(const T* map, const Level& level, int64_t stride, int64_t any_size,
                            float x, float y, float weight, float* sum) {
  const int64_t size = kSize > 0 ? kSize : any_size;
  Corners corners;
  if (!corners_around(level, x, y, corners)) return;
  const float a = weight * corner_weight(corners, 0), b = weight * corner_weight(corners, 1);
  const float c = weight * corner_weight(corners, 2), d = weight * corner_weight(corners, 3);
  const T* p = map + corners.place[0] * stride;
  const T* q = map + corners.place[1] * stride;
  const T* r = map + corners.place[2] * stride;
  const T* s = map + corners.place[3] * stride;
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
    for (int64_t head = 0; head < args.heads; ++head) {
      const float* offset = args.offsets + (row * args.heads + head) * samples * 2;
      sample_weights(args.scores + (row * args.heads + head) * samples, samples, weight);
      for (int64_t i = 0; i < size; ++i) sum[i] = 0;
      for (int64_t l = 0; l < args.level_count; ++l) {
        const Level& level = args.levels[l];
        const Aim aim = aim_at(args, row, l);
        const T* map = maps + level.start * stride + head * size;
        for (int64_t p = 0; p < args.points; ++p) {
          const int64_t i = l * args.points + p;
          add_place<kSize>(map, level, stride, size, aim.x_start + offset[2 * i] * aim.x_step,
                           aim.y_start + offset[2 * i + 1] * aim.y_step, weight[i], sum);
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

// g [size] . each corner's value: the dot products in eight sums, which the compiler may keep in
// one register.
template <int kSize>
VIGOR_INLINE float dot(const float* a, const float* b, int64_t any_size) {
  const int64_t size = kSize > 0 ? kSize : any_size;
  float lanes[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    for (int64_t j = 0; j < 8; ++j) lanes[j] += a[i + j] * b[i + j];
  }
  float sum = 0;
  for (; i < size; ++i) sum += a[i] * b[i];
  for (int64_t j = 0; j < 8; ++j) sum += lanes[j];
  return sum;
}
template <int kSize>
VIGOR_INLINE void add_scaled(float* __restrict to, const float* __restrict from, float scale,
                             int64_t any_size) {
  const int64_t size = kSize > 0 ? kSize : any_size;
  for (int64_t i = 0; i < size; ++i) to[i] += scale * from[i];
}

struct Gradients {
  const float* out = nullptr;  // of the result
  float* value = nullptr;      // starts as zeros
  float* offsets = nullptr;
  float* scores = nullptr;
};

// One head of one picture, all its queries in their order: nobody else writes to its gradients, and
// sums do not depend on the number of threads. `weight` and `fit` are for one query's samples.
template <int kSize>
VIGOR_INLINE void differentiate(const Arguments& args, const float* value,
                                const Gradients& gradients, int64_t picture, int64_t head,
                                float* weight, float* fit) {
  const int64_t size = kSize > 0 ? kSize : args.size;
  const int64_t samples = args.level_count * args.points;
  const int64_t stride = args.heads * size;
  const int64_t origin = picture * args.places * stride + head * size;
  for (int64_t query = 0; query < args.queries; ++query) {
    const int64_t row = picture * args.queries + query;
    const int64_t first = (row * args.heads + head) * samples;
    const float* offset = args.offsets + first * 2;
    float* to_offset = gradients.offsets + first * 2;
    const float* g = gradients.out + row * stride + head * size;
    sample_weights(args.scores + first, samples, weight);
    float mean_fit = 0;
    for (int64_t l = 0; l < args.level_count; ++l) {
      const Level& level = args.levels[l];
      const Aim aim = aim_at(args, row, l);
      const int64_t map = origin + level.start * stride;
      for (int64_t i = l * args.points; i < (l + 1) * args.points; ++i) {
        fit[i] = to_offset[2 * i] = to_offset[2 * i + 1] = 0;
        Corners corners;
        if (!corners_around(level, aim.x_start + offset[2 * i] * aim.x_step,
                            aim.y_start + offset[2 * i + 1] * aim.y_step, corners)) {
          continue;
        }
        float fits[4] = {0, 0, 0, 0};  // what each corner's value adds to the loss
        for (int c = 0; c < 4; ++c) {
          if (!corners.there[c]) continue;
          const int64_t at = map + corners.place[c] * stride;
          fits[c] = dot<kSize>(g, value + at, size);
          add_scaled<kSize>(gradients.value + at, g, weight[i] * corner_weight(corners, c), size);
        }
        const float upper = fits[0] + corners.right * (fits[1] - fits[0]);
        const float lower = fits[2] + corners.right * (fits[3] - fits[2]);
        fit[i] = upper + corners.down * (lower - upper);
        const float along_x =
            (1 - corners.down) * (fits[1] - fits[0]) + corners.down * (fits[3] - fits[2]);
        to_offset[2 * i] = weight[i] * along_x * aim.x_step;
        to_offset[2 * i + 1] = weight[i] * (lower - upper) * aim.y_step;
        mean_fit += weight[i] * fit[i];
      }
    }
    for (int64_t i = 0; i < samples; ++i) {
      gradients.scores[first + i] = weight[i] * (fit[i] - mean_fit);
    }
  }
}

VIGOR_VECTOR_WIDTHS void differentiate_head(const Arguments& args, const float* value,
                                            const Gradients& gradients, int64_t picture,
                                            int64_t head, float* weight, float* fit) {
  if (args.size == 32) {
    return differentiate<32>(args, value, gradients, picture, head, weight, fit);
  }
  differentiate<0>(args, value, gradients, picture, head, weight, fit);
}

// Tensors that hold still while pointers into them are used.
struct Inputs {
  at::Tensor value, offsets, scores, reference;
  std::vector<Level> levels;
  Arguments arguments;
};
Inputs inputs_of(const at::Tensor& value, const LevelShapes& shapes, const at::Tensor& offsets,
                 const at::Tensor& scores, const at::Tensor& reference) {
  Inputs inputs{value.contiguous(),
                offsets.contiguous(),
                scores.contiguous(),
                reference.to(at::kFloat).contiguous(),
                {},
                {}};
  int64_t start = 0;
  for (const auto& [height, width] : shapes) {
    inputs.levels.push_back({height, width, start});
    start += height * width;
  }
  Arguments& args = inputs.arguments;
  args.offsets = inputs.offsets.data_ptr<float>();
  args.scores = inputs.scores.data_ptr<float>();
  args.reference = inputs.reference.data_ptr<float>();
  args.levels = inputs.levels.data();
  args.level_count = static_cast<int64_t>(inputs.levels.size());
  args.points = offsets.size(4);
  args.heads = value.size(2);
  args.size = value.size(3);
  args.queries = offsets.size(1);
  args.places = value.size(1);
  args.reference_size = reference.size(-1);
  TORCH_CHECK(start == args.places && offsets.size(3) == args.level_count &&
                  reference.size(2) == args.level_count,
              "deformable attention: levels do not match the values");
  return inputs;
}

}  // namespace
}  // namespace deformable

at::Tensor fused_sample_levels(const at::Tensor& value, const LevelShapes& shapes,
                               const at::Tensor& offsets, const at::Tensor& scores,
                               const at::Tensor& reference) {
  const deformable::Inputs inputs =
      deformable::inputs_of(value, shapes, offsets, scores, reference);
  const deformable::Arguments& args = inputs.arguments;
  const at::Tensor out =
      at::empty({value.size(0), args.queries, args.heads * args.size}, value.options());
  const bool bfloat = value.scalar_type() == at::kBFloat16;
  at::parallel_for(0, value.size(0) * args.queries, 64, [&](int64_t begin, int64_t end) {
    std::vector<float> weight(static_cast<size_t>(args.level_count * args.points));
    std::vector<float> sum(static_cast<size_t>(args.size));
    if (bfloat) {
      deformable::rows_bfloat(args, static_cast<const uint16_t*>(inputs.value.data_ptr()),
                              static_cast<uint16_t*>(out.data_ptr()), weight.data(), sum.data(),
                              begin, end);
    } else {
      deformable::rows_float(args, inputs.value.data_ptr<float>(), out.data_ptr<float>(),
                             weight.data(), sum.data(), begin, end);
    }
  });
  return out;
}

SampleGradients fused_sample_gradients(const at::Tensor& gradient, const at::Tensor& value,
                                       const LevelShapes& shapes, const at::Tensor& offsets,
                                       const at::Tensor& scores, const at::Tensor& reference) {
  const deformable::Inputs inputs =
      deformable::inputs_of(value, shapes, offsets, scores, reference);
  const deformable::Arguments& args = inputs.arguments;
  const at::Tensor of_result = gradient.contiguous();
  SampleGradients result{at::zeros_like(inputs.value), at::empty_like(inputs.offsets),
                         at::empty_like(inputs.scores)};
  const deformable::Gradients gradients{of_result.data_ptr<float>(), result.value.data_ptr<float>(),
                                        result.offsets.data_ptr<float>(),
                                        result.scores.data_ptr<float>()};
  at::parallel_for(0, value.size(0) * args.heads, 1, [&](int64_t begin, int64_t end) {
    const auto samples = static_cast<size_t>(args.level_count * args.points);
    std::vector<float> weight(samples), fit(samples);
    for (int64_t i = begin; i < end; ++i) {
      deformable::differentiate_head(args, inputs.value.data_ptr<float>(), gradients,
                                     i / args.heads, i % args.heads, weight.data(), fit.data());
    }
  });
  return result;
}

}  // namespace vigor
