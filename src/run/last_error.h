// What a command of this program said last before it failed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace vigor {

// The last block "error: ..." of a log behind its first `from` bytes, on one line, at most 400
// bytes, safe for a terminal; "" when there is none, or no log.
std::string last_error(const std::filesystem::path& log, uint64_t from = 0);

}  // namespace vigor
