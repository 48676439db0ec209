// Options in their ranges, and what the transport needs of them.
#pragma once

#include <string>

#include "judges/client/http_chat.h"
#include "judges/client/transport.h"

namespace vigor {

// Throws Error (exit code: usage) for the first option that is out of its range.
void check_options(const HttpChatOptions& options);

// "https://host/v1?version=1" -> "https://host/v1/chat/completions?version=1". Throws Error when it
// is not an http or https URL, or holds a user name or a fragment.
std::string completions_url(const std::string& base_url);

TransportOptions transport_options(const HttpChatOptions& options);

// What stands between ':' and '@' in a proxy's URL; empty when there is none.
Secret proxy_password(const std::string& proxy);

// Without user name and password, for records.
std::string proxy_shown(const std::string& proxy);

}  // namespace vigor
