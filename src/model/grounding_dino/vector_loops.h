// What the fused kernels share: vector widths chosen at run time, and the two dtypes in memory.
#pragma once

#include <bit>
#include <cstdint>

// One copy of the loops for each vector width; the loader takes the widest that the machine has. By
// levels, not by makers: "arch=haswell" would mean Intel's alone.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VIGOR_VECTOR_WIDTHS \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VIGOR_VECTOR_WIDTHS
#endif
#define VIGOR_INLINE inline __attribute__((always_inline))

namespace vigor::loops {

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

}  // namespace vigor::loops
