#include "judges/client/schedule.h"

#include <algorithm>

#include "judges/client/backoff.h"

namespace vigor {

Schedule::Schedule(const HttpChatOptions& options, CounterRandom random)
    : options_(options),
      random_(random),
      requests_(options.requests_per_minute),
      tokens_(options.tokens_per_minute),
      concurrency_(options.max_in_flight),
      budget_(options.prices, options.budget, options.spending_file) {}

void Schedule::begin(size_t count, double now) {
  if (options_.deadline_s && !deadline_) deadline_ = now + *options_.deadline_s;
  count_ = count;
  next_ = 0;
  in_flight_ = 0;
  stopped_ = false;
  why_ = Ended::kNot;
  head_.reset();
  retries_.clear();
  for (const auto& [index, item] : items_) {
    if (item.in_flight) budget_.settle_unknown(item.reserved);
  }
  items_.clear();
}

Schedule::Step Schedule::waiting(double until) const {
  return {.what = Step::What::kWait, .until = deadline_ ? std::min(until, *deadline_) : until};
}

Schedule::Step Schedule::step(double now) {
  const bool left = next_ < count_ || head_ || !retries_.empty();
  if (left && !closed() && deadline_ && now >= *deadline_) why_ = Ended::kDeadline;
  const Step answers{.what = in_flight_ > 0 ? Step::What::kAnswers : Step::What::kEnd};
  if (!left || closed()) return answers;
  if (in_flight_ >= static_cast<size_t>(concurrency_.limit())) return answers;
  if (now < hold_until_) return waiting(hold_until_);

  std::optional<size_t> index;
  if (!retries_.empty() && retries_.begin()->first <= now) {
    index = retries_.begin()->second;
  } else if (head_) {
    index = head_;
  }
  if (!index) {
    // Requests that wait to be tried again count as under way: in an outage the list is not walked
    // through to its end, and no more than max_in_flight pictures are held.
    if (next_ < count_ && items_.size() < static_cast<size_t>(options_.max_in_flight)) {
      return {.what = Step::What::kMake, .index = next_};
    }
    return retries_.empty() ? answers : waiting(retries_.begin()->first);
  }
  return send(*index, now);
}

std::optional<double> Schedule::next_try(double now) const {
  if (retries_.empty()) return std::nullopt;
  return std::max({retries_.begin()->first, hold_until_, now});
}

void Schedule::made(size_t index, const TokenEstimate& tokens) {
  next_ = index + 1;
  head_ = index;
  items_[index].tokens = tokens;
}

Schedule::Step Schedule::send(size_t index, double now) {
  Item& item = items_.at(index);
  const auto tokens =
      static_cast<double>(item.tokens.prompt_expected + item.tokens.completion_most);
  const double ready = std::max(requests_.ready_at(1, now), tokens_.ready_at(tokens, now));
  if (ready > now) return waiting(ready);
  const Money worst = budget_.worst(item.tokens);
  if (!budget_.reserve(worst)) {
    // What is in flight may turn out cheaper than its worst case.
    if (in_flight_ > 0) return {.what = Step::What::kAnswers};
    why_ = Ended::kBudget;
    return {.what = Step::What::kEnd};
  }
  requests_.take(1, now);
  item.ticket = tokens_.take(tokens, now);
  item.reserved = worst;
  item.sent_at = now;
  item.in_flight = true;
  ++item.tries;
  ++in_flight_;
  if (head_ == index) {
    head_.reset();
  } else {
    retries_.erase(retries_.begin());
  }
  return {.what = Step::What::kSend, .index = index};
}

void Schedule::settle(Item& item, const Outcome& outcome) {
  switch (outcome.billing) {
    case Outcome::Billing::kNothing:
      budget_.settle(item.reserved, 0);
      break;
    case Outcome::Billing::kReported:
      budget_.settle(item.reserved, budget_.price(outcome.usage));
      tokens_.settle(item.ticket, static_cast<double>(outcome.usage.prompt_tokens +
                                                      outcome.usage.completion_tokens));
      break;
    case Outcome::Billing::kUnknown:
      budget_.settle_unknown(item.reserved);
  }
}

bool Schedule::ended(size_t index, Outcome& outcome, double now) {
  Item& item = items_.at(index);
  --in_flight_;
  item.in_flight = false;
  settle(item, outcome);
  if (outcome.throttled) {
    concurrency_.throttled(item.sent_at, now);
  } else if (outcome.next == Outcome::Next::kDone) {
    concurrency_.answered();
  }
  if (outcome.next == Outcome::Next::kAgain) {
    --item.tries;
    if (closed()) {
      items_.erase(index);
    } else {
      retries_.emplace(now, index);
    }
    return false;
  }
  const int tries = item.tries;
  const double asked = outcome.wait_s.value_or(0);
  const bool too_long = asked > options_.max_retry_after_s;
  if (outcome.wait_s && !too_long) hold_until_ = std::max(hold_until_, now + asked);
  if (outcome.next == Outcome::Next::kRetry && too_long) {
    outcome.reply.error += "; the endpoint asks to wait " + format_duration(asked);
  } else if (outcome.next == Outcome::Next::kRetry && tries < options_.max_tries) {
    if (closed()) {
      items_.erase(index);
    } else {
      // The jitter comes on top of what was asked, so that not all come back in one moment.
      const double wait =
          asked + full_jitter(tries, options_.backoff_base_s, options_.backoff_cap_s, random_);
      retries_.emplace(now + wait, index);
    }
    return false;
  }
  items_.erase(index);
  if (tries > 1 && !outcome.reply.error.empty()) {
    outcome.reply.error += " (after " + std::to_string(tries) + " tries)";
  }
  return true;
}

}  // namespace vigor
