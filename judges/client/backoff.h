// How long to wait before a request is tried again.
#pragma once

#include <optional>
#include <string_view>

#include "base/random.h"

namespace vigor {

// "Full jitter": uniform in [0, min(cap, base * 2^(tries - 1))], after `tries` tries (1 or more).
// Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
double full_jitter(int tries, double base_s, double cap_s, CounterRandom& random);

// Seconds from now that a Retry-After header asks for: a whole or decimal number of seconds, or an
// HTTP date (RFC 9110, all three forms), counted from the answer's own Date header where there is
// one, so that a wrong clock does not matter, else from `wall_now` (seconds since 1970). A moment
// that has passed is 0; nothing when the header is absent or means nothing.
std::optional<double> retry_after(std::string_view header, std::string_view date_header,
                                  double wall_now);

}  // namespace vigor
