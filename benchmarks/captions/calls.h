// Which questions a judge is asked: images, orders, repeats and canaries, all drawn from the seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vigor::captions {

enum class Mode { kBatch, kPairwise };

struct CallOptions {
  Mode mode = Mode::kBatch;
  // Images drawn (1 or more); all when there are fewer.
  int64_t samples = 300;
  // Rotations of the drawn order that are asked and averaged (1 to the number of candidates); of
  // pairs 1 or 2.
  int orders = 1;
  // Share of the images (0 to 1) whose first order is asked a second time, for self-agreement.
  double repeat_share = 0;
  // Every so many calls one more candidate is shown that describes nothing and orders the judge to
  // rank it first; 0: never.
  int canary_every = 10;
  uint64_t seed = 0;
};

inline constexpr int kCanary = -1;

struct Call {
  std::string key;  // "a.jpg/0", "a.jpg/0/again"; of pairs "a.jpg/1-3/0"
  std::string image;
  std::vector<int> shown;  // candidate at each place of the prompt, or kCanary
  int order = 0;           // 0 to orders - 1
  int repeat = 0;          // 1: asked again
};

// The chosen images, sorted.
std::vector<std::string> choose_images(std::vector<std::string> images, const CallOptions& options);
std::vector<Call> plan_calls(const std::vector<std::string>& images, size_t candidates,
                             const CallOptions& options);

// What the canary of a call says.
std::string canary_caption(const std::string& call_key, uint64_t seed);

}  // namespace vigor::captions
