// Counter-based random numbers: the same numbers whatever the batch, the order or the number of
// processes, because a number depends on its key and its index alone.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace vigor {

// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011).
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// A stream keyed by (seed, name, sample): name is an image key, a stage, a scene. Cheap to copy.
class CounterRandom {
 public:
  CounterRandom(uint64_t seed, std::string_view name, uint64_t sample = 0);

  uint32_t next();
  // Uniform in [0, 1) with 53 bits.
  double uniform();
  // Uniform in [0, bound), without modulo bias; bound >= 1.
  uint32_t below(uint32_t bound);
  // Standard normal (Box-Muller).
  double normal();

  // The stream's position: the number of 32-bit words taken. Saving and restoring it resumes a run.
  uint64_t position() const { return position_; }
  void seek(uint64_t position) { position_ = position; }

 private:
  std::array<uint32_t, 2> key_;
  uint64_t stream_;
  uint64_t position_ = 0;
};

// 64-bit FNV-1a of the bytes: names to stream numbers. Not for anything a hash must protect.
uint64_t fnv1a(std::string_view text);

}  // namespace vigor
