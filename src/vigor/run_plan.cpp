#include "vigor/run_plan.h"

#include <algorithm>

#include "run/last_error.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class PlanRunner {
 public:
  PlanRunner(FileSystem& files, Plan& plan, const PlanRunOptions& options)
      : files_(files), plan_(plan), options_(options) {
    result_.failures.resize(plan.jobs().size());
  }
  PlanRunResult run();

 private:
  void note(const std::string& text) const {
    if (options_.note) options_.note(text);
  }
  std::string hindrance(size_t job) const;
  std::string time_left(size_t from) const;
  void start(size_t job);

  FileSystem& files_;
  Plan& plan_;
  const PlanRunOptions& options_;
  PlanRunResult result_;
};

// Why a job cannot be started, or "".
std::string PlanRunner::hindrance(size_t job) const {
  const PlannedJob& planned = plan_.jobs()[job];
  if (!planned.missing.empty()) return "there is no " + printable(planned.missing);
  for (const size_t need : planned.needs) {
    if (result_.failures[need].empty()) continue;
    return "not started: '" + plan_.jobs()[need].job.title + "' failed";
  }
  return "";
}

std::string PlanRunner::time_left(size_t from) const {
  double seconds = 0;
  bool all_known = true;
  for (size_t i = from; i < plan_.jobs().size(); ++i) {
    if (plan_.jobs()[i].state == JobState::kDone) continue;
    const auto time = plan_.estimate(i);
    all_known = all_known && time;
    seconds += time.value_or(0);
  }
  if (seconds <= 0) return "";
  return std::string(" (") + (all_known ? "about " : "more than ") + format_duration(seconds) +
         " left)";
}

void PlanRunner::start(size_t job) {
  const PlannedJob& planned = plan_.jobs()[job];
  const fs::path config = planned.folder / "config.json";
  std::error_code none;
  const bool first = !fs::exists(config, none);
  files_.create_directories(planned.folder);
  write_atomic(files_, config, dump_json(planned.job.config, 2) + "\n");
  std::vector<std::string> arguments = planned.job.command;
  arguments.insert(arguments.end(), {"--config", config.string(), "--out",
                                     (planned.folder / planned.job.out).string()});
  const fs::path log = planned.folder / "log.txt";
  const uintmax_t said = fs::exists(log, none) ? fs::file_size(log) : 0;
  const double before = options_.clock();
  const int code = options_.run(arguments, log);
  const double seconds = options_.clock() - before;
  if (code == static_cast<int>(ExitCode::kInterrupted) || options_.stop.stop_requested()) {
    // What ended all the same is taken; what did not goes on next time.
    if (code != 0 || !plan_.missing_output(job).empty()) {
      result_.interrupted = true;
      return;
    }
  }
  std::string& failure = result_.failures[job];
  if (code != 0) {
    const std::string words = last_error(log, said);
    failure = "the command ended with exit code " + std::to_string(code) +
              (words.empty() ? "; see " + printable(log.string()) : ": " + words);
  } else if (const std::string output = plan_.missing_output(job); !output.empty()) {
    failure = "the command ended without " + printable(output);
  } else {
    // Of a job that went on only the last part was timed.
    plan_.finish(files_, job, first ? std::optional<double>(seconds) : std::nullopt);
    ++result_.ran;
    return;
  }
  note("failed: " + planned.job.title + ": " + failure);
}

PlanRunResult PlanRunner::run() {
  const size_t all = plan_.jobs().size();
  for (size_t i = 0; i < all; ++i) {
    const PlannedJob& planned = plan_.jobs()[i];
    if (planned.state == JobState::kDone) {
      ++result_.kept;
      continue;
    }
    if (options_.stop.stop_requested()) {
      result_.interrupted = true;
      return result_;
    }
    result_.failures[i] = hindrance(i);
    if (!result_.failures[i].empty()) {
      note("left out: " + planned.job.title + ": " + result_.failures[i]);
      continue;
    }
    note("[" + std::to_string(i + 1) + "/" + std::to_string(all) + "] " + planned.job.title +
         time_left(i));
    start(i);
    if (result_.interrupted) return result_;
  }
  return result_;
}

}  // namespace

size_t PlanRunResult::failed() const {
  return static_cast<size_t>(std::count_if(failures.begin(), failures.end(),
                                           [](const std::string& one) { return !one.empty(); }));
}

PlanRunResult run_plan(FileSystem& files, Plan& plan, const PlanRunOptions& options) {
  files.create_directories(plan.out() / "work");
  const std::unique_ptr<FileLock> held = files.try_lock(plan.out() / "plan.lock");
  if (!held) {
    throw Error({.what = "another process is at work in this folder",
                 .where = printable(plan.out().string()),
                 .cause = "the same loop or sweep was started twice",
                 .fix = "wait for it, stop it, or give another --out"});
  }
  plan.look();
  return PlanRunner(files, plan, options).run();
}

}  // namespace vigor
