// What `sweep`, `train loop` and `train CONFIG` share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.h"

namespace vigor {

struct LoopArguments {
  std::string out;
  std::string judge;                  // "": that of the file
  std::vector<std::string> variants;  // empty: those of the file
  std::vector<uint64_t> seeds;        // empty: those of the file
  size_t jobs = 0;                    // beside each other; 0: as many as the machine carries
  bool dry_run = false;
  void add_to(CLI::App& app);
};

// Plans and runs what a file says (vigor/loop_config.h), with its benchmarks or without. Throws
// Error at the end when a job has no result.
ExitCode run_loop(const CommandContext& context, const std::filesystem::path& file, bool evaluate,
                  const LoopArguments& arguments);

}  // namespace vigor
