// Money that a run may spend: reserved before a request is sent, settled when it has ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "judges/chat/chat.h"
#include "judges/client/http_chat.h"
#include "judges/client/request_body.h"

namespace vigor {

// Whole millionths of a millionth of the currency, so that sums are exact whatever their order.
using Money = __int128;

class SpendingFile;

class Budget {
 public:
  // Without a limit everything is granted, and counted all the same. With a `file`, and prices that
  // are not 0, what it holds counts too, and every change is written to it before a request is
  // sent. Throws Error as SpendingFile does, from reserve() and the settle functions too.
  Budget(const ChatPrices& prices, std::optional<double> limit,
         const std::filesystem::path& file = {});
  ~Budget();

  Money worst(const TokenEstimate& tokens) const;
  Money price(const ChatUsage& usage) const;

  // False, and nothing reserved, when what is spent and reserved leaves no room for `most`.
  bool reserve(Money most);
  // The try ended and cost so much; 0 when the endpoint did not take it.
  void settle(Money reserved, Money cost);
  // Nobody knows what it cost: its worst case counts as spent.
  void settle_unknown(Money reserved);

  // Reported by endpoints, in the currency.
  double spent() const { return in_currency(spent_); }
  // Worst cases of tries whose cost is unknown, in the currency.
  double unknown() const { return in_currency(unknown_); }
  // What the file held at the start, in the currency.
  double before() const { return in_currency(before_); }
  double limit() const { return in_currency(limit_.value_or(0)); }
  static double in_currency(Money money) { return static_cast<double>(money) * 1e-12; }

 private:
  void record();

  Money input_, output_;  // of one token
  std::optional<Money> limit_;
  Money spent_ = 0, unknown_ = 0, reserved_ = 0;
  Money before_ = 0;
  std::unique_ptr<SpendingFile> file_;
};

}  // namespace vigor
