// What a judge cost, as lines for the end of a command.
#pragma once

#include <string>

#include "base/json.h"

namespace vigor {

// `usage` is ChatClient::usage(). One line each for requests, tokens, cost and errors, with a final
// newline; what the client does not say is left out.
std::string judge_usage_table(const Json& usage);

}  // namespace vigor
