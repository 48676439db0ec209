// Which proxy the environment names for an address.
#pragma once

#include <string>

#include "judges/judge/environment.h"

namespace vigor {

// As curl reads it: of https addresses https_proxy or HTTPS_PROXY, of http addresses http_proxy
// alone (a web server's caller sets HTTP_PROXY by a header), else all_proxy or ALL_PROXY; none for
// hosts that no_proxy or NO_PROXY names: "*", or names (with all names below them), addresses and
// networks ("10.0.0.0/8"), parted by commas or spaces. Unlike curl, never for this machine itself,
// which no proxy elsewhere reaches. "": none.
std::string environment_proxy(const std::string& url, const Environment& environment);

}  // namespace vigor
