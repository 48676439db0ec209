#include "base/random.h"

#include <cmath>
#include <numbers>

namespace vigor {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53u} * c[0];
    const uint64_t b = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(a)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 14695981039346656037ull;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ull;
  }
  return hash;
}

CounterRandom::CounterRandom(uint64_t seed, std::string_view name, uint64_t sample)
    : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
      stream_(fnv1a(name) ^ (sample * 0x9E3779B97F4A7C15ull)) {}

uint32_t CounterRandom::next() {
  const uint64_t block = position_ / 4;
  const auto words =
      philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                  static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
                 key_);
  return words[position_++ % 4];
}

double CounterRandom::uniform() {
  const uint64_t high = next() >> 5;
  const uint64_t low = next() >> 6;
  return static_cast<double>((high << 26) | low) * 0x1.0p-53;
}

uint32_t CounterRandom::below(uint32_t bound) {
  // Lemire's multiplication with rejection.
  uint64_t product = uint64_t{next()} * bound;
  const uint32_t threshold = static_cast<uint32_t>(-bound) % bound;
  while (static_cast<uint32_t>(product) < threshold) product = uint64_t{next()} * bound;
  return static_cast<uint32_t>(product >> 32);
}

double CounterRandom::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace vigor
