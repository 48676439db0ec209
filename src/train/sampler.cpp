#include "train/sampler.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"

namespace vigor {

Sampler::Sampler(const LoopOptions& options, uint64_t samples)
    : options_(options), samples_(samples) {
  if (samples == 0 || samples > 0xFFFFFFFFu) {
    throw Error({.what = samples == 0 ? "there is no sample to train on"
                                      : "more than 4,294,967,295 samples",
                 .where = "training data",
                 .cause = "",
                 .fix = "give a data file with samples"});
  }
  order_.resize(samples);
}

std::vector<uint64_t> Sampler::batch(int64_t step) {
  const int64_t wanted = epoch(step);
  if (wanted != epoch_) {
    std::iota(order_.begin(), order_.end(), uint64_t{0});
    if (options_.shuffle) {
      CounterRandom random(options_.seed, "train sampler", static_cast<uint64_t>(wanted));
      for (uint64_t i = samples_ - 1; i > 0; --i) {
        std::swap(order_[i], order_[random.below(static_cast<uint32_t>(i + 1))]);
      }
    }
    epoch_ = wanted;
  }
  const auto batch = static_cast<uint64_t>(options_.batch_size);
  const uint64_t begin = static_cast<uint64_t>(step % steps_per_epoch(options_, samples_)) * batch;
  const uint64_t end = std::min(samples_, begin + batch);
  return {order_.begin() + static_cast<std::ptrdiff_t>(begin),
          order_.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace vigor
