// The process environment as it is passed in: what holds keys is read by cli/ alone.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace vigor {

// The value of an environment variable, nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

}  // namespace vigor
