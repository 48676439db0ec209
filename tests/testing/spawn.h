// Runs the built program as a user does, without a shell.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace vigor::testing {

struct SpawnResult {
  int exit_code = -1;  // of a program that ended by itself
  int signal = 0;      // that ended it otherwise
  std::string out;
  std::string err;
};

struct SpawnOptions {
  std::filesystem::path folder = {};  // working folder; empty: the test's own
  std::filesystem::path out = {};     // file of standard output; empty: one that nobody sees
  // Called again and again (about every 5 ms) while the program runs, with its process id.
  std::function<void(pid_t)> meanwhile = {};
};

// Waits for the end; standard input is empty.
SpawnResult spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                  const SpawnOptions& options = {});

}  // namespace vigor::testing
