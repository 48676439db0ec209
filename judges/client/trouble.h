// What a run says while its requests fail, so that whoever waits knows what for: at once when
// nothing has been answered yet, else when nothing was for a while (one failure among many answers
// is no news); then at growing intervals; and when answers come again.
//
// On a clock that the caller reads, in seconds; used from one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vigor {

class TroubleReport {
 public:
  // A try failed, and its request is tried again: `tries` of `max_tries` are used, and something is
  // sent in `next_s` seconds. What is to be said now; empty: nothing.
  std::string failed(const std::string& error, int tries, int max_tries, double next_s, double now);
  // A reply has come. What is to be said now; empty: nothing.
  std::string answered(double now);

 private:
  std::optional<double> last_answer_;
  // Of the failures since the last answer.
  uint64_t failures_ = 0;
  double since_ = 0;
  double silent_until_ = 0, interval_ = 0;
  bool said_ = false;
};

}  // namespace vigor
