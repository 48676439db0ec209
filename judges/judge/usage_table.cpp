#include "judges/judge/usage_table.h"

#include <algorithm>
#include <cstdio>

#include "base/progress.h"

namespace vigor {
namespace {

int64_t count_of(const Json& usage, const char* key) {
  const auto it = usage.find(key);
  return it != usage.end() && it->is_number() ? it->get<int64_t>() : 0;
}

// 1234567 as "1,234,567".
std::string grouped(int64_t value) {
  std::string digits = std::to_string(value);
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

// Cents, and more digits where a cent would hide everything.
std::string money(double amount) {
  char text[64];
  std::snprintf(text, sizeof text, amount != 0 && amount < 0.995 ? "%.4f" : "%.2f", amount);
  return text;
}

}  // namespace

Json added_usage(const Json& before, const Json& session) {
  Json sum = session;
  if (!before.is_object() || !session.is_object()) return sum;
  for (const auto& [key, value] : before.items()) {
    Json& now = sum[key];
    if (value.is_object()) {
      now = added_usage(value, now.is_object() ? now : Json::object());
    } else if (!value.is_number()) {
      if (now.is_null()) now = value;
    } else if (!now.is_number()) {
      now = value;
    } else if (key == "peak_in_flight") {
      now = std::max(value.get<int64_t>(), now.get<int64_t>());
    } else if (key == "cost_of_earlier_starts") {
      now = std::max(value.get<double>(), now.get<double>());  // a sum already
    } else if (value.is_number_integer() && now.is_number_integer()) {
      now = value.get<int64_t>() + now.get<int64_t>();
    } else {
      now = value.get<double>() + now.get<double>();
    }
  }
  return sum;
}

std::string usage_table(const Json& usage, const std::string& who) {
  if (!usage.is_object() || usage.empty()) return "";
  const auto head = [&](const char* what) {
    std::string text = who + " " + what;
    text.resize(std::max<size_t>(text.size() + 1, 18), ' ');
    return text;
  };
  std::string text = head("requests") + grouped(count_of(usage, "requests")) + " sent, " +
                     grouped(count_of(usage, "cache_hits")) + " from the cache";
  if (const int64_t retries = count_of(usage, "retries"); retries > 0) {
    text += ", " + grouped(retries) + " tried again";
  }
  if (const auto it = usage.find("seconds"); it != usage.end() && it->is_number()) {
    text += ", in " + format_duration(it->get<double>());
  }
  text += "\n";
  if (usage.contains("prompt_tokens") || usage.contains("completion_tokens")) {
    text += head("tokens") + grouped(count_of(usage, "prompt_tokens")) + " in, " +
            grouped(count_of(usage, "completion_tokens")) + " out\n";
  }
  if (const auto it = usage.find("cost"); it != usage.end() && it->is_number()) {
    const Json currency = usage.value("currency", Json());
    const Json unknown = usage.value("cost_unknown_at_most", Json());
    const bool may_cost_more = unknown.is_number() && unknown.get<double>() > 0;
    const bool paid_tokens =
        count_of(usage, "prompt_tokens") + count_of(usage, "completion_tokens") > 0;
    if (it->get<double>() == 0 && !may_cost_more && paid_tokens) {
      // Tokens for nothing: "0.00" would be a guess.
      text += head("cost") + "not known: no prices are configured\n";
    } else {
      text += head("cost") + money(it->get<double>()) +
              (currency.is_string() ? " " + printable(currency.get<std::string>()) : "");
      if (may_cost_more) {
        text += ", and up to " + money(unknown.get<double>()) + " for replies that never arrived";
      }
      if (const auto earlier = usage.find("cost_of_earlier_starts");
          earlier != usage.end() && earlier->is_number()) {
        text += "; " + money(earlier->get<double>()) + " by earlier starts";
      }
      text += "\n";
    }
  }
  if (const auto it = usage.find("errors"); it != usage.end() && it->is_object() && !it->empty()) {
    text += head("errors");
    bool first = true;
    for (const auto& [kind, count] : it->items()) {
      text += (first ? "" : ", ") + printable(kind) + " " + count.dump();
      first = false;
    }
    text += "\n";
  }
  return text;
}

}  // namespace vigor
