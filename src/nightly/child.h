// Starts one of the program's own commands as a process of its own: its memory is given back at its
// end, and what happens to it does not happen to the job.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace vigor::nightly {

// Waits for the end and returns the exit code (128 + signal for a process that a signal ended).
// What it prints is appended to `log`; progress and errors go to the terminal when standard error
// is one. When `stop` is requested the child is told (SIGTERM) and waited for; so it is when this
// process is killed, and a later one that starts a command with the same log waits for its end.
// Throws Error when it cannot be started.
int run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
              const std::filesystem::path& log, std::stop_token stop);

}  // namespace vigor::nightly
