// Inside of the image room: the two inner loops of the resize, and their coefficients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/resize.h"

namespace vigor::resize_passes {

// Bits after the point of a coefficient: 32 less 8 of a pixel less 2 for sums beyond 255.
inline constexpr int kPrecisionBits = 22;

// The filter's coefficients for some consecutive outputs. Output i sums `count[i]` inputs from
// `first[i]` on, with the weights weight[i * stride ...], 22-bit fixed point.
struct Taps {
  std::vector<int> first;
  std::vector<int> count;
  size_t stride = 0;
  std::vector<int32_t> weight;
  // The same as two 16-bit halves, weight = high * 4096 + low, two neighbours in one word
  // (second << 16 | first; the second of an odd count is 0): what one multiply-add instruction
  // of SSE2 takes. Indexed [i * stride / 2 + pair].
  std::vector<int32_t> high_pairs;
  std::vector<int32_t> low_pairs;
};

// Coefficients of the outputs [begin, begin + outputs) of `input` values resized to `output`.
Taps make_taps(int input, int output, Filter filter, int begin, int outputs);

// One row: output pixel i (3 bytes) for all taps. One byte past the last pixel of `row` is read.
void horizontal(const uint8_t* row, const Taps& taps, uint8_t* out);

// One row of `bytes` values: output `i` of `taps` down the columns of `rows`, where input row y
// begins at rows + y * row_stride.
void vertical(const uint8_t* rows, size_t row_stride, const Taps& taps, size_t i, size_t bytes,
              uint8_t* out);

// The same without vector instructions, for other processors, and the tests' reference.
void horizontal_portable(const uint8_t* row, const Taps& taps, uint8_t* out);
void vertical_portable(const uint8_t* rows, size_t row_stride, const Taps& taps, size_t i,
                       size_t bytes, uint8_t* out);

}  // namespace vigor::resize_passes
