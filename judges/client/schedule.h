// When each request is sent, sent again or given up: every rule of the client, without a network
// and on a clock that the caller reads, so that an hour of failures is tested in a millisecond.
//
// The driver asks step(now) what to do until it says kWait or kAnswers, and reports made(),
// ended().
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/random.h"
#include "judges/client/budget.h"
#include "judges/client/http_chat.h"
#include "judges/client/limits.h"
#include "judges/client/outcome.h"
#include "judges/client/request_body.h"

namespace vigor {

class Schedule {
 public:
  // Reads of the options what limits, retries and prices need.
  Schedule(const HttpChatOptions& options, CounterRandom random);

  // Starts requests 0 to count - 1. Limits, money and deadline go on from the run before;
  // what that left in flight counts as of unknown cost.
  void begin(size_t count, double now);

  struct Step {
    enum class What {
      kMake,     // make request `index`, then report made()
      kSend,     // send request `index` now, and report ended() later
      kWait,     // nothing before `until`
      kAnswers,  // nothing before a request in flight has ended
      kEnd,      // nothing any more: none is in flight
    } what;
    size_t index = 0;
    double until = 0;
  };
  Step step(double now);

  void made(size_t index, const TokenEstimate& tokens);

  // True when the request has ended, well or not, and its callback is due; false when it is tried
  // or asked again, or is left because the run ends. Completes outcome.reply.error by the number of
  // tries.
  bool ended(size_t index, Outcome& outcome, double now);

  // Sends nothing from now on.
  void stop() { stopped_ = true; }

  // Why the run ended before its last request; empty when it did not.
  enum class Ended { kNot, kBudget, kDeadline };
  Ended why_ended() const { return why_; }

  int tries(size_t index) const { return items_.at(index).tries; }
  // When the next request that failed is tried again (`now` or later); empty when none is.
  std::optional<double> next_try(double now) const;
  size_t in_flight() const { return in_flight_; }
  int concurrency() const { return concurrency_.limit(); }
  const Budget& budget() const { return budget_; }

 private:
  struct Item {
    TokenEstimate tokens;
    int tries = 0;
    double sent_at = 0;
    bool in_flight = false;
    Money reserved = 0;
    uint64_t ticket = 0;  // of tokens_
  };

  // Nothing new is sent: stopped, out of money or time.
  bool closed() const { return stopped_ || why_ != Ended::kNot; }
  Step send(size_t index, double now);
  void settle(Item& item, const Outcome& outcome);
  Step waiting(double until) const;

  const HttpChatOptions options_;
  CounterRandom random_;
  RateWindow requests_, tokens_;
  AdaptiveConcurrency concurrency_;
  Budget budget_;
  std::optional<double> deadline_;  // set by the first begin()
  double hold_until_ = -1e300;      // the server asked everybody to wait

  // Of one run.
  size_t count_ = 0, next_ = 0, in_flight_ = 0;
  bool stopped_ = false;
  Ended why_ = Ended::kNot;
  std::optional<size_t> head_;                   // made, and held back by a limit
  std::set<std::pair<double, size_t>> retries_;  // when each is due
  std::unordered_map<size_t, Item> items_;       // made and not ended
};

}  // namespace vigor
