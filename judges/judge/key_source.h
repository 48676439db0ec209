// Where a judge's keys come from: the environment, or files that nobody else may read.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/json.h"
#include "judges/client/secret.h"
#include "judges/judge/environment.h"

namespace vigor {

// True for names of headers and URL parameters whose values work as keys: "api-key",
// "Authorization", "X-Auth-Token".
bool names_a_secret(std::string_view name);

// The key in an environment variable; empty when it is not set or empty. Throws Error when `name`
// cannot be a variable's name (a key that was pasted there is not repeated), or the value no
// header's.
Secret key_from_environment(const std::string& name, const std::string& where,
                            const Environment& environment);

// The key in a file, without spaces and line ends around it. Throws Error when the file is missing,
// may be read by group or others (mode 600 or 400 is needed), is empty, or cannot be a key.
Secret key_from_file(const std::filesystem::path& file);

// `path` as a configuration names it: below `folder` when it is relative; "~/" is HOME's.
std::filesystem::path key_path(const std::string& path, const std::filesystem::path& folder,
                               const Environment& environment);

}  // namespace vigor
