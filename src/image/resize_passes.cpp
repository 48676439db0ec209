#include "image/resize_passes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace vigor::resize_passes {
namespace {

constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);
constexpr int kLowBits = 12;

// Half of the filter's width at scale 1, in pixels.
double radius(Filter filter) {
  return filter == Filter::kBicubic ? 2.0 : 1.0;
}

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

// Keys' cubic convolution with a = -0.5.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

int32_t to_fixed(double weight) {
  return static_cast<int32_t>(weight * (1 << kPrecisionBits) + (weight < 0 ? -0.5 : 0.5));
}

uint8_t to_pixel(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

int32_t pack(int32_t first, int32_t second) {
  return static_cast<int32_t>((static_cast<uint32_t>(second) << 16) |
                              (static_cast<uint32_t>(first) & 0xffff));
}

}  // namespace

Taps make_taps(int input, int output, Filter filter, int begin, int outputs) {
  const double scale = static_cast<double>(input) / output;
  const double filter_scale = std::max(scale, 1.0);
  const double support = radius(filter) * filter_scale;
  Taps taps;
  taps.stride = static_cast<size_t>(std::ceil(support)) * 2 + 2;  // even, and never too small
  taps.first.resize(outputs);
  taps.count.resize(outputs);
  taps.weight.resize(taps.stride * outputs);
  taps.high_pairs.resize(taps.weight.size() / 2);
  taps.low_pairs.resize(taps.weight.size() / 2);
  std::vector<double> exact(taps.stride);
  for (int i = 0; i < outputs; ++i) {
    const double center = (begin + i + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int end = std::min(static_cast<int>(center + support + 0.5), input);
    const int count = end - first;
    double sum = 0;
    for (int k = 0; k < count; ++k) {
      const double x = (k + first - center + 0.5) * (1.0 / filter_scale);
      exact[k] = filter == Filter::kBicubic ? bicubic(x) : bilinear(x);
      sum += exact[k];
    }
    taps.first[i] = first;
    taps.count[i] = count;
    int32_t* weight = &taps.weight[i * taps.stride];
    for (int k = 0; k < count; ++k) weight[k] = to_fixed(sum != 0 ? exact[k] / sum : exact[k]);
    for (size_t pair = 0; pair < taps.stride / 2; ++pair) {
      const int32_t a = weight[2 * pair], b = weight[2 * pair + 1];
      const size_t at = i * taps.stride / 2 + pair;
      constexpr int32_t mask = (1 << kLowBits) - 1;
      taps.high_pairs[at] = pack(a >> kLowBits, b >> kLowBits);
      taps.low_pairs[at] = pack(a & mask, b & mask);
    }
  }
  return taps;
}

void horizontal_portable(const uint8_t* row, const Taps& taps, uint8_t* out) {
  for (size_t i = 0; i < taps.first.size(); ++i) {
    const uint8_t* in = row + size_t{3} * taps.first[i];
    const int32_t* weight = &taps.weight[i * taps.stride];
    int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int k = 0; k < taps.count[i]; ++k) {
      red += in[3 * k] * weight[k];
      green += in[3 * k + 1] * weight[k];
      blue += in[3 * k + 2] * weight[k];
    }
    out[3 * i] = to_pixel(red);
    out[3 * i + 1] = to_pixel(green);
    out[3 * i + 2] = to_pixel(blue);
  }
}

void vertical_portable(const uint8_t* rows, size_t row_stride, const Taps& taps, size_t i,
                       size_t bytes, uint8_t* out) {
  const uint8_t* in = rows + static_cast<size_t>(taps.first[i]) * row_stride;
  const int32_t* weight = &taps.weight[i * taps.stride];
  for (size_t x = 0; x < bytes; ++x) {
    int32_t sum = kHalf;
    for (int k = 0; k < taps.count[i]; ++k) sum += in[k * row_stride + x] * weight[k];
    out[x] = to_pixel(sum);
  }
}

#ifdef __SSE2__

namespace {

// Sums of high halves and of low halves to pixels. Both sums may wrap around; the result cannot.
__m128i combine(__m128i high, __m128i low) {
  const __m128i sum =
      _mm_add_epi32(_mm_add_epi32(_mm_slli_epi32(high, kLowBits), low), _mm_set1_epi32(kHalf));
  return _mm_srai_epi32(sum, kPrecisionBits);
}

__m128i load_pixel(const uint8_t* pixel) {
  int32_t four;
  std::memcpy(&four, pixel, 4);
  return _mm_cvtsi32_si128(four);
}

}  // namespace

void horizontal(const uint8_t* row, const Taps& taps, uint8_t* out) {
  const __m128i zero = _mm_setzero_si128();
  for (size_t i = 0; i < taps.first.size(); ++i) {
    const uint8_t* in = row + size_t{3} * taps.first[i];
    const int32_t* high_pairs = &taps.high_pairs[i * taps.stride / 2];
    const int32_t* low_pairs = &taps.low_pairs[i * taps.stride / 2];
    const int pairs = taps.count[i] / 2;
    __m128i high = zero, low = zero;
    // r0 r1 g0 g1 b0 b1 as 16-bit values times (w0, w1), added in pairs.
    const auto add = [&](__m128i first, __m128i second, int pair) {
      const __m128i mixed = _mm_unpacklo_epi8(_mm_unpacklo_epi8(first, second), zero);
      high = _mm_add_epi32(high, _mm_madd_epi16(mixed, _mm_set1_epi32(high_pairs[pair])));
      low = _mm_add_epi32(low, _mm_madd_epi16(mixed, _mm_set1_epi32(low_pairs[pair])));
    };
    for (int pair = 0; pair < pairs; ++pair, in += 6) {
      add(load_pixel(in), load_pixel(in + 3), pair);
    }
    if (taps.count[i] % 2 != 0) add(load_pixel(in), zero, pairs);
    const __m128i words = _mm_packs_epi32(combine(high, low), zero);
    const int32_t pixel = _mm_cvtsi128_si32(_mm_packus_epi16(words, zero));
    std::memcpy(out + 3 * i, &pixel, 3);
  }
}

void vertical(const uint8_t* rows, size_t row_stride, const Taps& taps, size_t i, size_t bytes,
              uint8_t* out) {
  if (bytes < 16) return vertical_portable(rows, row_stride, taps, i, bytes, out);
  const __m128i zero = _mm_setzero_si128();
  const uint8_t* in = rows + static_cast<size_t>(taps.first[i]) * row_stride;
  const int32_t* high_pairs = &taps.high_pairs[i * taps.stride / 2];
  const int32_t* low_pairs = &taps.low_pairs[i * taps.stride / 2];
  const int count = taps.count[i];
  for (size_t x = 0;; x += 16) {
    x = std::min(x, bytes - 16);  // the last block overlaps the one before
    __m128i high0 = zero, high1 = zero, high2 = zero, high3 = zero;
    __m128i low0 = zero, low1 = zero, low2 = zero, low3 = zero;
    const uint8_t* at = in + x;
    for (int k = 0; k < count; k += 2, at += 2 * row_stride) {
      const __m128i upper = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const uint8_t* below = k + 1 < count ? at + row_stride : at;  // weight 0 past the end
      const __m128i lower = _mm_loadu_si128(reinterpret_cast<const __m128i*>(below));
      const __m128i left = _mm_unpacklo_epi8(upper, lower);
      const __m128i right = _mm_unpackhi_epi8(upper, lower);
      const __m128i a = _mm_unpacklo_epi8(left, zero), b = _mm_unpackhi_epi8(left, zero);
      const __m128i c = _mm_unpacklo_epi8(right, zero), d = _mm_unpackhi_epi8(right, zero);
      const __m128i high = _mm_set1_epi32(high_pairs[k / 2]);
      const __m128i low = _mm_set1_epi32(low_pairs[k / 2]);
      high0 = _mm_add_epi32(high0, _mm_madd_epi16(a, high));
      high1 = _mm_add_epi32(high1, _mm_madd_epi16(b, high));
      high2 = _mm_add_epi32(high2, _mm_madd_epi16(c, high));
      high3 = _mm_add_epi32(high3, _mm_madd_epi16(d, high));
      low0 = _mm_add_epi32(low0, _mm_madd_epi16(a, low));
      low1 = _mm_add_epi32(low1, _mm_madd_epi16(b, low));
      low2 = _mm_add_epi32(low2, _mm_madd_epi16(c, low));
      low3 = _mm_add_epi32(low3, _mm_madd_epi16(d, low));
    }
    const __m128i left = _mm_packs_epi32(combine(high0, low0), combine(high1, low1));
    const __m128i right = _mm_packs_epi32(combine(high2, low2), combine(high3, low3));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + x), _mm_packus_epi16(left, right));
    if (x + 16 >= bytes) return;
  }
}

#else

void horizontal(const uint8_t* row, const Taps& taps, uint8_t* out) {
  horizontal_portable(row, taps, out);
}

void vertical(const uint8_t* rows, size_t row_stride, const Taps& taps, size_t i, size_t bytes,
              uint8_t* out) {
  vertical_portable(rows, row_stride, taps, i, bytes, out);
}

#endif

}  // namespace vigor::resize_passes
