// The nightly job: evaluates what changed, compares with the last accepted night and the pinned
// baselines, gates, and keeps the history.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "nightly/config.h"
#include "nightly/night.h"

namespace vigor::nightly {

struct NightlyOptions {
  // Name of the night; "" is the day of `now` (UTC), with ".2" and so on when that day's night has
  // ended and something changed since.
  std::string night{};
  int64_t now = 0;  // seconds since 1970
  // Version and commit of the program: another one may answer differently.
  std::string program{};
  // Starts one of the program's commands and returns its exit code; what it prints goes to `log`.
  std::function<int(const std::vector<std::string>& arguments, const std::filesystem::path& log)>
      run{};
  // A line for a person; may be empty.
  std::function<void(const std::string&)> note{};
  std::stop_token stop{};
};

struct NightlyResult {
  Night night;
  bool interrupted = false;  // nothing was decided; the same command goes on
  bool repeated = false;     // the night had ended before and nothing changed since
};

// One night. Safe to run twice at once (the second throws Error), to kill at any moment and to run
// again: finished runs are kept, a stopped one goes on, and night.json is written last. A night is
// accepted only when it passes; the first one, with nothing to compare with, when every figure of
// its gate was computed. A benchmark that fails does not keep the others from being evaluated.
NightlyResult run_night(FileSystem& files, const Config& config, const NightlyOptions& options);

// Marks a finished night as accepted, whatever its outcome: after a change of prompt or data that
// makes older nights incomparable. Throws Error when there is no such night.
Night accept_night(FileSystem& files, const Config& config, const std::string& id);

// vigor.db, trend.html and the latest summary from the folders alone.
void rebuild(FileSystem& files, const Config& config);

// What the night says, as Markdown that fits $GITHUB_STEP_SUMMARY, and as JUnit XML.
std::string night_markdown(const Night& night);
std::string night_junit(const Night& night);
// The same as plain text for the terminal.
std::string night_text(const Night& night);

}  // namespace vigor::nightly
