// Base64 (RFC 4648) for what goes into JSON, HTML and data URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vigor {

// The standard alphabet, with padding.
std::string base64(std::string_view bytes);

// The bytes of such a text; absent for anything else: other characters (spaces too), wrong padding,
// bits behind the last byte.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace vigor
