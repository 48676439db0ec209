#include "judges/client/backoff.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace vigor {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<double> seconds_of_date(std::string_view text) {
  const time_t seconds = curl_getdate(std::string(text).c_str(), nullptr);
  if (seconds == -1) return std::nullopt;
  return static_cast<double>(seconds);
}

}  // namespace

double full_jitter(int tries, double base_s, double cap_s, CounterRandom& random) {
  // 2^60 s is beyond any cap; beyond it the power would lose its meaning.
  const double most = std::min(cap_s, std::ldexp(base_s, std::min(tries - 1, 60)));
  return most * random.uniform();
}

std::optional<double> retry_after(std::string_view header, std::string_view date_header,
                                  double wall_now) {
  header = trimmed(header);
  if (header.empty()) return std::nullopt;
  double seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds,
                                            std::chars_format::fixed);
  if (error == std::errc() && end == header.data() + header.size() && std::isfinite(seconds)) {
    return std::max(seconds, 0.0);
  }
  // curl_getdate takes anything that looks like a part of a date: a real one has a letter and a
  // digit.
  if (header.find_first_of("0123456789") == std::string_view::npos) return std::nullopt;
  const std::optional<double> until = seconds_of_date(header);
  if (!until) return std::nullopt;
  const double now = seconds_of_date(trimmed(date_header)).value_or(wall_now);
  return std::max(*until - now, 0.0);
}

}  // namespace vigor
