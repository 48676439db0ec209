#include "judges/client/budget.h"

#include <cmath>

#include "judges/client/spending_file.h"

namespace vigor {
namespace {

// A price per million tokens is the price of one token in millionths.
Money of_one_token(double per_million) {
  return std::llround(per_million * 1e6);
}

}  // namespace

Budget::Budget(const ChatPrices& prices, std::optional<double> limit,
               const std::filesystem::path& file)
    : input_(of_one_token(prices.input_per_million)),
      output_(of_one_token(prices.output_per_million)) {
  if (limit) limit_ = static_cast<Money>(std::round(*limit * 1e12));
  if (file.empty() || (input_ == 0 && output_ == 0)) return;
  file_ = std::make_unique<SpendingFile>(file, prices.currency);
  before_ = file_->before().spent + file_->before().unknown;
}

Budget::~Budget() = default;

void Budget::record() {
  if (file_ == nullptr) return;
  file_->write({.spent = file_->before().spent + spent_,
                .unknown = file_->before().unknown + unknown_,
                .reserved = reserved_});
}

Money Budget::worst(const TokenEstimate& tokens) const {
  return input_ * tokens.prompt_most + output_ * tokens.completion_most;
}

Money Budget::price(const ChatUsage& usage) const {
  return input_ * usage.prompt_tokens + output_ * usage.completion_tokens;
}

bool Budget::reserve(Money most) {
  if (limit_ && before_ + spent_ + unknown_ + reserved_ + most > *limit_) return false;
  reserved_ += most;
  record();
  return true;
}

void Budget::settle(Money reserved, Money cost) {
  reserved_ -= reserved;
  spent_ += cost;
  record();
}

void Budget::settle_unknown(Money reserved) {
  reserved_ -= reserved;
  unknown_ += reserved;
  record();
}

}  // namespace vigor
