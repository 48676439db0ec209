// Attention of Swin's windows (Liu et al., 2021, section 3.2) without windows in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace vigor {

struct WindowGeometry {
  int64_t height = 0, width = 0;  // of the map, in places; need not be multiples of the window
  int64_t window = 7;             // places, square
  int64_t shift = 0;              // windows begin so many places further down and to the right
  int64_t heads = 1;
};

// query, key, value float32 or bfloat16 [images, height * width, C] -> the same: in each window
// softmax(q k^T / sqrt(C / heads) + position_bias) v, the map being padded with zeros below and on
// the right before the projections, so that padded keys and values are `key_bias` and `value_bias`
// ([C] each, or undefined: 0). After a shift, places that were not neighbours get -100.
// position_bias [heads, window^2, window^2]. On the CPU, without autograd; each window and head at
// a time, so that nothing but the result is written to memory. NaN stays NaN.
at::Tensor fused_window_attention(const at::Tensor& query, const at::Tensor& key,
                                  const at::Tensor& value, const at::Tensor& key_bias,
                                  const at::Tensor& value_bias, const at::Tensor& position_bias,
                                  const WindowGeometry& geometry);

}  // namespace vigor
