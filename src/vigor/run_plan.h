// Runs a plan's jobs, several beside each other where none takes the other's result.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/progress.h"
#include "vigor/plan.h"

namespace vigor {

// One of the program's commands, as a job of a plan.
struct PlanCommand {
  std::vector<std::string> arguments;
  std::filesystem::path log;  // what it prints is appended
  std::stop_token stop;       // requested: it ends after what is under way, and goes on next time
};

struct PlanRunOptions {
  // Starts a command, waits for its end and returns its exit code. Called for each job from a
  // thread of its own.
  std::function<int(const PlanCommand& command)> run{};
  // A line for a person; may be empty. This and `status` are called from the caller's thread.
  std::function<void(const std::string&)> note{};
  // What runs now and how long all of it will take, about once a second; may be empty.
  std::function<void(const std::string&)> status{};
  Clock clock{};    // seconds; called from several threads
  size_t jobs = 1;  // beside each other, at most; 1 or more
  std::stop_token stop{};
};

struct PlanRunResult {
  bool interrupted = false;           // the same command goes on
  size_t ran = 0, kept = 0;           // jobs that ended now, and that had ended before
  std::vector<std::string> failures;  // by job: why it has no result; "" for those that have
  size_t failed() const;
};

// Jobs start in the order in which they were added, as soon as what they take is there. What they
// make does not depend on how many run beside each other. A job that fails keeps only those from
// running that take its result; the next call tries it again. Safe to stop or kill at any moment: a
// job counts as done when its job.json says so, and a command that was stopped goes on. Returns or
// throws when no command runs any more. Throws Error when another process runs the plan, or when
// the disk fails.
PlanRunResult run_plan(FileSystem& files, Plan& plan, const PlanRunOptions& options);

}  // namespace vigor
