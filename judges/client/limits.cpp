#include "judges/client/limits.h"

#include <algorithm>

namespace vigor {
namespace {

constexpr double kMinute = 60;

}  // namespace

void RateWindow::forget(double now) {
  while (!taken_.empty() && taken_.front().at + kMinute <= now) {
    sum_ -= taken_.front().amount;
    taken_.pop_front();
    ++first_;
  }
  if (taken_.empty()) sum_ = 0;
}

double RateWindow::ready_at(double amount, double now) {
  if (limit_ <= 0) return now;
  forget(now);
  double sum = sum_;
  double ready = now;
  for (const Taken& taken : taken_) {
    if (sum + amount <= limit_) break;
    sum -= taken.amount;
    ready = taken.at + kMinute;
  }
  return ready;
}

uint64_t RateWindow::take(double amount, double now) {
  if (limit_ <= 0) return 0;
  forget(now);
  taken_.push_back({now, amount});
  sum_ += amount;
  return first_ + taken_.size() - 1;
}

void RateWindow::settle(uint64_t ticket, double amount) {
  if (limit_ <= 0 || ticket < first_ || ticket - first_ >= taken_.size()) return;
  Taken& taken = taken_[ticket - first_];
  sum_ += amount - taken.amount;
  taken.amount = amount;
}

void AdaptiveConcurrency::answered() {
  limit_ = std::min(most_, limit_ + 1 / limit_);
}

void AdaptiveConcurrency::throttled(double sent_at, double now) {
  if (sent_at <= last_cut_) return;
  limit_ = std::max(1.0, limit_ / 2);
  last_cut_ = now;
}

}  // namespace vigor
