// Base64 (RFC 4648) for what goes into JSON, HTML and data URLs.
#pragma once

#include <string>
#include <string_view>

namespace vigor {

// The standard alphabet, with padding.
std::string base64(std::string_view bytes);

}  // namespace vigor
