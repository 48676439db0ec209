// Judges that decline in words, where no field of the reply says so.
#pragma once

#include <string_view>

namespace vigor {

// True when a reply that holds no verdict begins as models begin when they decline ("I'm sorry,
// ...", "I can't ..."). Of replies with a verdict it says nothing: read that first.
bool reads_as_refusal(std::string_view reply);

}  // namespace vigor
