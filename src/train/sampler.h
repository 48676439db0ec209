// The order in which samples are seen: a function of (seed, epoch), so that a run resumes anywhere.
#pragma once

#include <cstdint>
#include <vector>

#include "train/loop_options.h"

namespace vigor {

class Sampler {
 public:
  Sampler(const LoopOptions& options, uint64_t samples);

  // Indices of the samples of a step (0-based). Cheap within an epoch.
  std::vector<uint64_t> batch(int64_t step);
  int64_t epoch(int64_t step) const { return step / steps_per_epoch(options_, samples_); }

 private:
  LoopOptions options_;
  uint64_t samples_;
  int64_t epoch_ = -1;
  std::vector<uint64_t> order_;  // of epoch_
};

}  // namespace vigor
