// What decides a job's answers, as far as it can be seen from outside: "evaluate what changed".
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vigor::nightly {

// SHA-256 over `program` (version and commit) and the arguments, in their order; of an argument
// (or the VALUE of --option=VALUE) that names
//   a checkpoint folder (it has config.json)   its checkpoint_hash (run/checkpoint_hash.h),
//   another folder                             names and sizes of all files below it,
//   a file                                     its content
// counts in place of the path. Empty when something cannot be seen: a model or judge behind an
// endpoint may have changed since. Throws Error when a file cannot be read.
std::optional<std::string> fingerprint(const std::vector<std::string>& command,
                                       const std::string& program);

}  // namespace vigor::nightly
