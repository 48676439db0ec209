#include "vigor/run_plan.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "run/last_error.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// A command that is under way, in a thread that waits for its end.
struct Running {
  fs::path log;
  uintmax_t said = 0;  // bytes of the log before it began
  bool first = true;   // it goes on with nothing
  double since = 0;    // of the clock
  std::jthread thread;
};

struct Ended {
  size_t job = 0;
  int code = 0;
  double seconds = 0;
  std::exception_ptr error{};  // it could not be started
};

// The thread that calls run() alone touches the plan; the others start commands and wait for them.
class PlanRunner {
 public:
  PlanRunner(FileSystem& files, Plan& plan, const PlanRunOptions& options)
      : files_(files),
        plan_(plan),
        options_(options),
        passed_on_(options.stop, [this] { stopping_.request_stop(); }) {
    result_.failures.resize(plan.jobs().size());
    open_.resize(plan.jobs().size());
  }
  // Commands are told to end, and waited for.
  ~PlanRunner() { stopping_.request_stop(); }
  PlanRunResult run();

 private:
  void note(const std::string& text) const {
    if (options_.note) options_.note(text);
  }
  std::string hindrance(size_t job) const;
  bool can_start(size_t job) const;
  PlanTime time_left() const;
  std::string status() const;
  void start(size_t job);
  void start_what_can();
  Ended wait_for_one();
  void end(const Ended& ended);

  FileSystem& files_;
  Plan& plan_;
  const PlanRunOptions& options_;
  PlanRunResult result_;
  std::vector<bool> open_;  // neither ended nor left out
  std::stop_source stopping_;
  std::stop_callback<std::function<void()>> passed_on_;
  std::mutex mutex_;
  std::condition_variable change_;
  std::deque<Ended> ended_;  // guarded by mutex_
  std::map<size_t, Running> running_;
};

// Why a job cannot be started at all, or "".
std::string PlanRunner::hindrance(size_t job) const {
  const PlannedJob& planned = plan_.jobs()[job];
  if (!planned.missing.empty()) return "there is no " + printable(planned.missing);
  for (const size_t need : planned.needs) {
    if (result_.failures[need].empty()) continue;
    return "not started: '" + plan_.jobs()[need].job.title + "' failed";
  }
  return "";
}

bool PlanRunner::can_start(size_t job) const {
  const PlannedJob& planned = plan_.jobs()[job];
  if (running_.contains(job)) return false;
  for (const size_t need : planned.needs) {
    if (plan_.jobs()[need].state != JobState::kDone) return false;
  }
  if (planned.job.resource.empty()) return true;
  return std::none_of(running_.begin(), running_.end(), [&](const auto& other) {
    return plan_.jobs()[other.first].job.resource == planned.job.resource;
  });
}

PlanTime PlanRunner::time_left() const {
  std::map<size_t, double> elapsed;
  const double now = running_.empty() ? 0 : options_.clock();
  for (const auto& [job, running] : running_) elapsed[job] = now - running.since;
  return plan_.time_left(options_.jobs, elapsed);
}

std::string time_text(const PlanTime& time) {
  if (time.seconds <= 0) return "";
  return std::string(time.unknown == 0 ? "about " : "more than ") + format_duration(time.seconds) +
         " left";
}

std::string PlanRunner::status() const {
  std::string out = std::to_string(result_.kept + result_.ran) + "/" +
                    std::to_string(plan_.jobs().size()) + " jobs";
  const std::string left = time_text(time_left());
  if (!left.empty()) out += ", " + left;
  const double now = options_.clock();
  const char* before = ": ";
  for (const auto& [job, running] : running_) {
    out += before + plan_.jobs()[job].job.title + " " + format_duration(now - running.since);
    if (const auto whole = plan_.estimate(job)) out += " of " + format_duration(*whole);
    before = "; ";
  }
  return out;
}

void PlanRunner::start(size_t job) {
  const PlannedJob& planned = plan_.jobs()[job];
  const std::string left = time_text(time_left());
  note("[" + std::to_string(job + 1) + "/" + std::to_string(plan_.jobs().size()) + "] " +
       planned.job.title + (left.empty() ? "" : " (" + left + ")"));
  const fs::path config = planned.folder / "config.json";
  std::error_code none;
  Running running;
  running.first = !fs::exists(config, none);
  files_.create_directories(planned.folder);
  write_atomic(files_, config, dump_json(planned.job.config, 2) + "\n");
  running.log = planned.folder / "log.txt";
  running.said = fs::exists(running.log, none) ? fs::file_size(running.log) : 0;
  PlanCommand command{planned.job.command, running.log, stopping_.get_token()};
  command.arguments.insert(command.arguments.end(), {"--config", config.string(), "--out",
                                                     (planned.folder / planned.job.out).string()});
  running.since = options_.clock();
  running.thread = std::jthread([this, job, command = std::move(command)] {
    Ended ended{.job = job};
    const double before = options_.clock();
    try {
      ended.code = options_.run(command);
    } catch (...) {
      ended.error = std::current_exception();
    }
    ended.seconds = options_.clock() - before;
    const std::lock_guard lock(mutex_);
    ended_.push_back(std::move(ended));
    change_.notify_one();
  });
  running_.emplace(job, std::move(running));
}

void PlanRunner::start_what_can() {
  for (size_t i = 0; i < open_.size(); ++i) {
    if (!open_[i] || stopping_.stop_requested()) continue;
    if (std::string why = hindrance(i); !why.empty()) {
      note("left out: " + plan_.jobs()[i].job.title + ": " + why);
      result_.failures[i] = std::move(why);
      open_[i] = false;
    } else if (running_.size() < options_.jobs && can_start(i)) {
      start(i);
    }
  }
}

Ended PlanRunner::wait_for_one() {
  std::unique_lock lock(mutex_);
  const auto any = [this] { return !ended_.empty(); };
  while (options_.status && !change_.wait_for(lock, std::chrono::seconds(1), any)) {
    lock.unlock();
    options_.status(status());
    lock.lock();
  }
  change_.wait(lock, any);
  Ended out = std::move(ended_.front());
  ended_.pop_front();
  return out;
}

void PlanRunner::end(const Ended& ended) {
  const size_t job = ended.job;
  const Running running = std::move(running_.at(job));
  running_.erase(job);
  open_[job] = false;
  if (ended.error) std::rethrow_exception(ended.error);
  const bool whole = ended.code == 0 && plan_.missing_output(job).empty();
  // Of what was told to end, that which ended all the same is taken; the rest goes on next time.
  const bool stopped = ended.code == static_cast<int>(ExitCode::kInterrupted);
  if (!whole && (stopped || stopping_.stop_requested())) {
    result_.interrupted = true;
    stopping_.request_stop();
    return;
  }
  std::string& failure = result_.failures[job];
  if (ended.code != 0) {
    const std::string words = last_error(running.log, running.said);
    failure = "the command ended with exit code " + std::to_string(ended.code) +
              (words.empty() ? "; see " + printable(running.log.string()) : ": " + words);
  } else if (!whole) {
    failure = "the command ended without " + printable(plan_.missing_output(job));
  } else {
    // Of a job that went on only the last part was timed.
    plan_.finish(files_, job, running.first ? std::optional<double>(ended.seconds) : std::nullopt);
    ++result_.ran;
    return;
  }
  note("failed: " + plan_.jobs()[job].job.title + ": " + failure);
}

PlanRunResult PlanRunner::run() {
  for (size_t i = 0; i < open_.size(); ++i) {
    open_[i] = plan_.jobs()[i].state != JobState::kDone;
    if (!open_[i]) ++result_.kept;
  }
  while (true) {
    start_what_can();
    if (running_.empty()) break;
    end(wait_for_one());
  }
  // A stop before a job is started leaves it open.
  if (std::find(open_.begin(), open_.end(), true) != open_.end()) result_.interrupted = true;
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
