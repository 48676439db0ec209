// Starts one of the program's own commands as a process of its own: its memory is given back at its
// end, and what happens to it does not happen to the job.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace vigor::nightly {

struct ChildOptions {
  std::stop_token stop{};
  // Progress and errors go to the terminal as well when standard error is one: not wanted where
  // several children would write over each other.
  bool terminal = true;
  // Variables of the environment, by name, in place of this process's own.
  std::map<std::string, std::string> environment{};
};

// Waits for the end and returns the exit code (128 + signal for a process that a signal ended).
// What it prints is appended to `log`. When `stop` is requested the child is told (SIGTERM) and
// waited for; so it is when this process is killed, and a later one that starts a command with the
// same log waits for its end. Throws Error when it cannot be started. May be called from several
// threads, with different logs; each must live until its call returns.
int run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
              const std::filesystem::path& log, const ChildOptions& options);

}  // namespace vigor::nightly
