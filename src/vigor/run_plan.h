// Runs a plan's jobs one after another, in the order in which they were added.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/progress.h"
#include "vigor/plan.h"

namespace vigor {

struct PlanRunOptions {
  // Starts one of the program's commands and returns its exit code; what it prints goes to `log`.
  std::function<int(const std::vector<std::string>& arguments, const std::filesystem::path& log)>
      run{};
  // A line for a person; may be empty.
  std::function<void(const std::string&)> note{};
  Clock clock{};  // seconds
  std::stop_token stop{};
};

struct PlanRunResult {
  bool interrupted = false;           // the same command goes on
  size_t ran = 0, kept = 0;           // jobs that ended now, and that had ended before
  std::vector<std::string> failures;  // by job: why it has no result; "" for those that have
  size_t failed() const;
};

// A job that fails keeps only those from running that take its result; the next call tries it
// again. Safe to stop or kill at any moment: a job counts as done when its job.json says so, and a
// command that was stopped goes on. Throws Error when another process runs the plan, or when the
// disk fails.
PlanRunResult run_plan(FileSystem& files, Plan& plan, const PlanRunOptions& options);

}  // namespace vigor
