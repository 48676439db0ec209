// What an endpoint was asked and cost, as lines for the end of a command.
#pragma once

#include <string>

#include "base/json.h"

namespace vigor {

// `usage` is ChatClient::usage(). One line each for requests, tokens, cost and errors, with a final
// newline; what the client does not say is left out. `who` begins each line: "judge", "model".
std::string usage_table(const Json& usage, const std::string& who = "judge");

// What a run has used over all the sessions that it took: counts, money and seconds of the two
// added, errors by kind, of peaks and of what earlier starts cost the larger. `before` may be null.
Json added_usage(const Json& before, const Json& session);

}  // namespace vigor
