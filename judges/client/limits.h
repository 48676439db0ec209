// What holds requests back: so much a minute, and as many at once as the endpoint bears. Both live
// on a clock that the caller reads, in seconds.
#pragma once

#include <cstdint>
#include <deque>

namespace vigor {

// Amounts in any 60 seconds. Exact: a window slides over what was taken, so no minute, however it
// is laid, sees more than the limit (but one amount above the limit, which goes alone).
class RateWindow {
 public:
  // 0: no limit.
  explicit RateWindow(double per_minute) : limit_(per_minute) {}

  // The earliest time at which `amount` may be taken: `now`, or later.
  double ready_at(double amount, double now);
  // Takes it; the ticket is for settle().
  uint64_t take(double amount, double now);
  // What it came to in the end, once that is known.
  void settle(uint64_t ticket, double amount);

 private:
  struct Taken {
    double at;
    double amount;
  };
  void forget(double now);

  double limit_;
  double sum_ = 0;
  uint64_t first_ = 0;  // the ticket of taken_.front()
  std::deque<Taken> taken_;
};

// Additive increase, multiplicative decrease, as TCP does it: one more for each round of answers,
// half on "too many requests". Starts at the most: the user said what the endpoint should bear.
class AdaptiveConcurrency {
 public:
  explicit AdaptiveConcurrency(int most) : most_(most), limit_(most) {}

  int limit() const { return static_cast<int>(limit_); }
  void answered();
  // Answers to what was sent before the last cut tell nothing new.
  void throttled(double sent_at, double now);

 private:
  double most_;
  double limit_;
  double last_cut_ = -1e300;
};

}  // namespace vigor
