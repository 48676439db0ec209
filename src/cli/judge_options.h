// The options that every command with --judge has.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cli/command.h"
#include "judges/judge/open_judge.h"

namespace vigor {

class JudgeFlags {
 public:
  // --judge, --judge-cache, --judge-cache-file, --budget, --deadline.
  void add_to(CLI::App& app);
  bool given() const { return !options_.config.empty(); }
  const std::string& name() const { return options_.config; }
  struct Opening {
    int max_tries = 0;  // of one request; 0: the configuration's
    // The run folder is this process's own: what is spent is kept in it (spending_file()), and
    // --budget counts what earlier starts spent.
    bool spends = false;
  };
  // The cache stands beside the run folder unless --judge-cache-file says where: runs/vigor.db for
  // runs/NAME, so that all runs of one folder share it. Without a run folder (empty) there is no
  // cache but a named one. While the judge does not answer, the console says so. Throws Error as
  // open_judge() does.
  std::unique_ptr<ChatClient> open(const CommandContext& context, const std::filesystem::path& run,
                                   const Opening& opening) const;
  // To ask nothing yet: what a result records of the judge. Throws Error as open() does, so that a
  // missing key is said before anything is made.
  Json identity(const CommandContext& context, const std::filesystem::path& run) const {
    return open(context, run, {})->identity();
  }

 private:
  JudgeOptions options_;
  double budget_ = 0, deadline_s_ = 0;
  CLI::Option* budget_option_ = nullptr;
  CLI::Option* deadline_option_ = nullptr;
};

// Says on the console that what `who` names ("the judge") does not answer, and that it does again.
std::function<void(const std::string&)> trouble_on(const Console& console, const std::string& who);

// Environment variables of the process; cli/ alone reads them.
Environment process_environment();

}  // namespace vigor
