#include "judges/client/budget.h"

#include <cmath>

namespace vigor {
namespace {

// A price per million tokens is the price of one token in millionths.
Money of_one_token(double per_million) {
  return std::llround(per_million * 1e6);
}

}  // namespace

Budget::Budget(const ChatPrices& prices, std::optional<double> limit)
    : input_(of_one_token(prices.input_per_million)),
      output_(of_one_token(prices.output_per_million)) {
  if (limit) limit_ = static_cast<Money>(std::round(*limit * 1e12));
}

Money Budget::worst(const TokenEstimate& tokens) const {
  return input_ * tokens.prompt_most + output_ * tokens.completion_most;
}

Money Budget::price(const ChatUsage& usage) const {
  return input_ * usage.prompt_tokens + output_ * usage.completion_tokens;
}

bool Budget::reserve(Money most) {
  if (limit_ && spent_ + unknown_ + reserved_ + most > *limit_) return false;
  reserved_ += most;
  return true;
}

void Budget::settle(Money reserved, Money cost) {
  reserved_ -= reserved;
  spent_ += cost;
}

void Budget::settle_unknown(Money reserved) {
  reserved_ -= reserved;
  unknown_ += reserved;
}

}  // namespace vigor
