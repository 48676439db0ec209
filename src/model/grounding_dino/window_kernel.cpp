// The fused kernel of Swin's window attention for the CPU. A window of 7 x 7 places and 32 numbers
// a head fits into the first-level cache; as plain tensors its parts are copied a dozen times.
//
// Compiled with OpenMP, without which at::parallel_for runs on one core.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "model/grounding_dino/vector_loops.h"
#include "model/grounding_dino/window_attention.h"

namespace vigor {
namespace windows {
namespace {

constexpr int kLanes = 8;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));

constexpr float kNoKey = -1e30f;         // in the columns that fill up the last vector
constexpr float kNoNeighbour = -100.0f;  // as the official code has it

struct Arguments {
  const void *query = nullptr, *key = nullptr, *value = nullptr;
  const float *key_bias = nullptr, *value_bias = nullptr;  // [C]
  const float* position_bias = nullptr;                    // [heads, places, stride]
  void* out = nullptr;
  WindowGeometry geometry;
  int64_t channels = 0, size = 0;  // size = channels / heads
  int64_t rows = 0, columns = 0;   // windows of the padded map
  int64_t places = 0, stride = 0;  // of a window; stride is a multiple of kLanes
};

// Working memory of one thread.
struct Scratch {
  std::vector<float> keys, values;  // [size, stride], [places, size]
  std::vector<float> query, weights, mixed;
  std::vector<int64_t> source;  // row of the map, -1: padding
  std::vector<int32_t> region;  // [stride], equal: neighbours before the shift
};
Scratch scratch_for(const Arguments& args) {
  const auto stride = static_cast<size_t>(args.stride), size = static_cast<size_t>(args.size);
  Scratch scratch;
  scratch.keys.assign(size * stride, 0.0f);
  scratch.values.resize(static_cast<size_t>(args.places) * size);
  scratch.query.resize(size);
  scratch.weights.resize(stride);
  scratch.mixed.resize(size);
  scratch.source.resize(static_cast<size_t>(args.places));
  scratch.region.assign(stride, 0);
  return scratch;
}

// e^x for x <= 0, to 2 units of the last place; below -87 and for NaN e^-87. Cody and Waite's
// reduction, Taylor's polynomial on [-ln 2 / 2, ln 2 / 2].
VIGOR_INLINE float exponential(float x) {
  const float held = x > -87.0f ? x : -87.0f;
  constexpr float kToInteger = 12582912.0f;  // 1.5 * 2^23: what is added loses its fraction
  const float n = (held * 1.44269504f + kToInteger) - kToInteger;
  const float r = (held - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

// scores[0..stride) = bias + q . keys.
template <int kStride>
VIGOR_INLINE void score(const float* query, const float* keys, const float* bias, int64_t size,
                        int64_t any_stride, float* scores) {
  if constexpr (kStride > 0) {
    constexpr int kVectors = kStride / kLanes;
    Lanes sums[kVectors];
    std::memcpy(sums, bias, sizeof(sums));
    for (int64_t d = 0; d < size; ++d) {
      const Lanes q = Lanes{} + query[d];
      for (int c = 0; c < kVectors; ++c) {
        Lanes k;
        std::memcpy(&k, keys + d * kStride + c * kLanes, sizeof(k));
        sums[c] += q * k;
      }
    }
    std::memcpy(scores, sums, sizeof(sums));
  } else {
    for (int64_t j = 0; j < any_stride; ++j) scores[j] = bias[j];
    for (int64_t d = 0; d < size; ++d) {
      for (int64_t j = 0; j < any_stride; ++j) scores[j] += query[d] * keys[d * any_stride + j];
    }
  }
}

// out[0..size) = the mix of `places` values.
template <int kSize>
VIGOR_INLINE void mix(const float* weights, const float* values, int64_t places, int64_t any_size,
                      float* out) {
  if constexpr (kSize > 0) {
    // Two sums, so that one addition need not wait for the last.
    constexpr int kVectors = kSize / kLanes;
    Lanes even[kVectors] = {}, odd[kVectors] = {};
    const auto add = [&](Lanes * sums, int64_t j) __attribute__((always_inline)) {
      const Lanes w = Lanes{} + weights[j];
      for (int c = 0; c < kVectors; ++c) {
        Lanes v;
        std::memcpy(&v, values + j * kSize + c * kLanes, sizeof(v));
        sums[c] += w * v;
      }
    };
    int64_t j = 0;
    for (; j + 2 <= places; j += 2) {
      add(even, j);
      add(odd, j + 1);
    }
    if (j < places) add(even, j);
    for (int c = 0; c < kVectors; ++c) even[c] += odd[c];
    std::memcpy(out, even, sizeof(even));
  } else {
    for (int64_t i = 0; i < any_size; ++i) out[i] = 0;
    for (int64_t j = 0; j < places; ++j) {
      for (int64_t i = 0; i < any_size; ++i) out[i] += weights[j] * values[j * any_size + i];
    }
  }
}

// weights = e^(weights - largest); returns their sum, NaN where one of them was NaN or infinite.
VIGOR_INLINE float exponentials(float* weights, int64_t stride) {
  float lanes[kLanes], sums[kLanes], poison[kLanes];
  for (int j = 0; j < kLanes; ++j) {
    lanes[j] = weights[j];
    sums[j] = poison[j] = 0;
  }
  for (int64_t i = 0; i < stride; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) {
      lanes[j] = weights[i + j] > lanes[j] ? weights[i + j] : lanes[j];
      poison[j] += weights[i + j] * 0.0f;
    }
  }
  float largest = lanes[0];
  for (int j = 1; j < kLanes; ++j) largest = lanes[j] > largest ? lanes[j] : largest;
  for (int64_t i = 0; i < stride; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) {
      weights[i + j] = exponential(weights[i + j] - largest);
      sums[j] += weights[i + j];
    }
  }
  float sum = 0;
  for (int j = 0; j < kLanes; ++j) sum += sums[j] + poison[j];
  return sum;
}

// Where the places of window `number` lie in the map, and which were neighbours.
VIGOR_INLINE void lay_out(const Arguments& args, int64_t number, Scratch& scratch) {
  const WindowGeometry& g = args.geometry;
  const int64_t height = args.rows * g.window, width = args.columns * g.window;
  const auto part = [&](int64_t at, int64_t end) -> int32_t {
    return at < end - g.window ? 0 : at < end - g.shift ? 1 : 2;
  };
  for (int64_t i = 0; i < args.places; ++i) {
    const int64_t top = number / args.columns * g.window + i / g.window;
    const int64_t left = number % args.columns * g.window + i % g.window;
    const int64_t y = (top + g.shift) % height, x = (left + g.shift) % width;
    const auto place = static_cast<size_t>(i);
    scratch.source[place] = y < g.height && x < g.width ? y * g.width + x : -1;
    scratch.region[place] = g.shift == 0 ? 0 : part(top, height) * 3 + part(left, width);
  }
}

// Windows [begin, end) of all pictures.
template <int kStride, int kSize, typename T>
VIGOR_INLINE void attend(const Arguments& args, Scratch& scratch, int64_t begin, int64_t end) {
  const int64_t size = kSize > 0 ? kSize : args.size;
  const int64_t stride = kStride > 0 ? kStride : args.stride;
  const int64_t windows = args.rows * args.columns;
  const int64_t map = args.geometry.height * args.geometry.width * args.channels;
  const float scale = 1.0f / std::sqrt(static_cast<float>(size));
  float* keys = scratch.keys.data();
  float* values = scratch.values.data();
  float* weights = scratch.weights.data();
  const int32_t* region = scratch.region.data();
  for (int64_t task = begin; task < end; ++task) {
    const int64_t origin = task / windows * map;
    lay_out(args, task % windows, scratch);
    for (int64_t head = 0; head < args.geometry.heads; ++head) {
      const int64_t first = head * size;
      for (int64_t j = 0; j < args.places; ++j) {
        const int64_t row = scratch.source[static_cast<size_t>(j)];
        if (row < 0) {
          for (int64_t d = 0; d < size; ++d) {
            keys[d * stride + j] = args.key_bias[first + d];
            values[j * size + d] = args.value_bias[first + d];
          }
          continue;
        }
        const T* k = static_cast<const T*>(args.key) + origin + row * args.channels + first;
        const T* v = static_cast<const T*>(args.value) + origin + row * args.channels + first;
        for (int64_t d = 0; d < size; ++d) keys[d * stride + j] = loops::to_float(k[d]);
        for (int64_t d = 0; d < size; ++d) values[j * size + d] = loops::to_float(v[d]);
      }
      for (int64_t i = 0; i < args.places; ++i) {
        const int64_t row = scratch.source[static_cast<size_t>(i)];
        if (row < 0) continue;
        const int64_t at = origin + row * args.channels + first;
        const T* q = static_cast<const T*>(args.query) + at;
        for (int64_t d = 0; d < size; ++d) {
          scratch.query[static_cast<size_t>(d)] = scale * loops::to_float(q[d]);
        }
        score<kStride>(scratch.query.data(), keys,
                       args.position_bias + (head * args.places + i) * stride, size, stride,
                       weights);
        if (args.geometry.shift > 0) {
          for (int64_t j = 0; j < stride; ++j) {
            weights[j] += region[j] == region[i] ? 0.0f : kNoNeighbour;
          }
        }
        const float total = exponentials(weights, stride);
        mix<kSize>(weights, values, args.places, size, scratch.mixed.data());
        T* out = static_cast<T*>(args.out) + at;
        for (int64_t d = 0; d < size; ++d) {
          loops::store(scratch.mixed[static_cast<size_t>(d)] / total, out + d);
        }
      }
    }
  }
}

// The published window and the demo's have loops of fixed lengths.
template <typename T>
VIGOR_INLINE void attend_any(const Arguments& args, Scratch& scratch, int64_t begin, int64_t end) {
  if (args.size == 32 && args.stride == 56) return attend<56, 32, T>(args, scratch, begin, end);
  if (args.size == 32 && args.stride == 16) return attend<16, 32, T>(args, scratch, begin, end);
  attend<0, 0, T>(args, scratch, begin, end);
}
VIGOR_VECTOR_WIDTHS void attend_float(const Arguments& args, Scratch& scratch, int64_t begin,
                                      int64_t end) {
  attend_any<float>(args, scratch, begin, end);
}
VIGOR_VECTOR_WIDTHS void attend_bfloat(const Arguments& args, Scratch& scratch, int64_t begin,
                                       int64_t end) {
  attend_any<uint16_t>(args, scratch, begin, end);
}

at::Tensor float_bias(const at::Tensor& bias, int64_t channels) {
  return bias.defined() ? bias.to(at::kFloat).contiguous() : at::zeros({channels}, at::kFloat);
}

}  // namespace
}  // namespace windows

at::Tensor fused_window_attention(const at::Tensor& query_in, const at::Tensor& key_in,
                                  const at::Tensor& value_in, const at::Tensor& key_bias_in,
                                  const at::Tensor& value_bias_in, const at::Tensor& position_bias,
                                  const WindowGeometry& geometry) {
  const at::Tensor query = query_in.contiguous(), key = key_in.contiguous();
  const at::Tensor value = value_in.contiguous();
  windows::Arguments args;
  args.geometry = geometry;
  args.channels = query.size(2);
  args.size = args.channels / geometry.heads;
  args.rows = (geometry.height + geometry.window - 1) / geometry.window;
  args.columns = (geometry.width + geometry.window - 1) / geometry.window;
  args.places = geometry.window * geometry.window;
  args.stride = (args.places + windows::kLanes - 1) / windows::kLanes * windows::kLanes;
  TORCH_CHECK(query.size(1) == geometry.height * geometry.width && key.sizes() == query.sizes() &&
                  value.sizes() == query.sizes(),
              "window attention: the map has another size");
  const at::Tensor key_bias = windows::float_bias(key_bias_in, args.channels);
  const at::Tensor value_bias = windows::float_bias(value_bias_in, args.channels);
  const at::Tensor bias = at::constant_pad_nd(position_bias.to(at::kFloat),
                                              {0, args.stride - args.places}, windows::kNoKey)
                              .contiguous();
  const at::Tensor out = at::empty(query.sizes(), query.options());
  args.query = query.data_ptr();
  args.key = key.data_ptr();
  args.value = value.data_ptr();
  args.key_bias = key_bias.data_ptr<float>();
  args.value_bias = value_bias.data_ptr<float>();
  args.position_bias = bias.data_ptr<float>();
  args.out = out.data_ptr();
  const bool bfloat = query.scalar_type() == at::kBFloat16;
  at::parallel_for(0, query.size(0) * args.rows * args.columns, 4, [&](int64_t begin, int64_t end) {
    windows::Scratch scratch = windows::scratch_for(args);
    if (bfloat) {
      windows::attend_bfloat(args, scratch, begin, end);
    } else {
      windows::attend_float(args, scratch, begin, end);
    }
  });
  return out;
}

}  // namespace vigor
