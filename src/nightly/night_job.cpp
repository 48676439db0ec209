// One night, from its plan to its night.json.
#include "nightly/night_job.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <set>

#include "base/files.h"
#include "nightly/fingerprint.h"
#include "reports/compare_formats.h"
#include "run/last_error.h"

namespace vigor::nightly {
namespace {

namespace fs = std::filesystem;

constexpr int kInterruptedCode = static_cast<int>(ExitCode::kInterrupted);

std::string day_of(int64_t now) {
  const std::time_t time = static_cast<std::time_t>(now);
  std::tm day{};
  ::gmtime_r(&time, &day);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &day);
  return text;
}

const char* unit_text(reports::Unit unit) {
  switch (unit) {
    case reports::Unit::kShare:
      return "share";
    case reports::Unit::kPoints:
      return "points";
    case reports::Unit::kRating:
      return "rating";
    default:
      return "rank";
  }
}

// One comparison of a job with one reference.
struct Compared {
  NightJob* job = nullptr;
  std::string against;  // "accepted" or "baseline"
  reports::Comparison comparison;
};

class Job {
 public:
  Job(FileSystem& files, const Config& config, const NightlyOptions& options)
      : files_(files), config_(config), options_(options), nights_(read_nights(config.folder)) {}

  NightlyResult run();

 private:
  void note(const std::string& text) const {
    if (options_.note) options_.note(text);
  }
  void see();
  bool choose();
  std::string stopped_night() const;
  bool unchanged(const Night& night) const;
  bool evaluate(const BenchmarkJob& job, NightJob& out);
  std::string earlier_run(const BenchmarkJob& job, const NightJob& out) const;
  void compare();
  void write_compared(const Compared& one, const reports::GateResult* gate);
  reports::Gate testable_gate(const std::vector<const reports::Comparison*>& all) const;
  void check_first_night();
  void decide(bool compared_any);
  bool write_report();  // false when it was interrupted

  FileSystem& files_;
  const Config& config_;
  const NightlyOptions& options_;
  std::vector<Night> nights_;
  std::map<std::string, std::string> fingerprints_;  // "" cannot be seen
  Night night_;
  std::map<std::string, reports::RunView> views_;  // by job
};

// A run can be read again when it ended and is still there.
bool usable(const fs::path& run) {
  return fs::exists(run / "metrics.json") && fs::exists(run / "samples.jsonl");
}

// Nothing of it would be asked again.
bool whole(const fs::path& run) {
  if (!usable(run)) return false;
  const Json metrics = read_json_file(run / "metrics.json");
  return metrics.is_object() && metrics.value("withheld", Json(false)) != Json(true) &&
         metrics.value(Json::json_pointer("/counts/failed"), Json(0)) == Json(0);
}

void Job::see() {
  for (const BenchmarkJob& job : config_.benchmarks) {
    const auto print = fingerprint(job.command, options_.program);
    fingerprints_[job.name] = print && !job.always ? *print : "";
  }
}

bool Job::unchanged(const Night& night) const {
  if (night.jobs.size() != config_.benchmarks.size()) return false;
  return std::all_of(config_.benchmarks.begin(), config_.benchmarks.end(), [&](const auto& job) {
    // What cannot be seen is evaluated once a night.
    const NightJob* before = night.job(job.name);
    return before != nullptr && before->fingerprint == fingerprints_.at(job.name);
  });
}

// The newest night that was stopped and would evaluate the same; "" when there is none.
std::string Job::stopped_night() const {
  std::string newest;
  if (!fs::is_directory(config_.folder)) return newest;
  for (const auto& entry : fs::directory_iterator(config_.folder)) {
    const fs::path plan = entry.path() / "plan.json";
    if (!fs::exists(plan) || fs::exists(entry.path() / "night.json")) continue;
    if (read_json_file(plan).value("fingerprints", Json()) != Json(fingerprints_)) continue;
    newest = std::max(newest, entry.path().filename().string());
  }
  return newest;
}

// Finds the night's name; false when that night has ended already and nothing changed since.
bool Job::choose() {
  std::string base = options_.night;
  // A night that was stopped goes on first, even on the next day.
  if (base.empty()) base = stopped_night();
  if (base.empty()) base = day_of(options_.now);
  for (int number = 1;; ++number) {
    night_.id = number == 1 ? base : base + "." + std::to_string(number);
    const auto found = std::find_if(nights_.begin(), nights_.end(),
                                    [&](const Night& one) { return one.id == night_.id; });
    if (found != nights_.end()) {
      if (!unchanged(*found)) continue;
      const bool ended = std::all_of(found->jobs.begin(), found->jobs.end(), [&](const auto& job) {
        // The run may have been removed since, with its age.
        return !job.run.empty() &&
               (!fs::exists(config_.folder / job.run) || whole(config_.folder / job.run));
      });
      if (ended) {
        night_ = *found;
        return false;
      }
      // Something failed: the same night tries that again.
      night_.started = found->started;
      nights_.erase(found);
      return true;
    }
    const fs::path plan_path = config_.folder / night_.id / "plan.json";
    if (!fs::exists(plan_path)) return true;
    // A night that was stopped goes on when it would evaluate the same.
    const Json plan = read_json_file(plan_path);
    if (plan.value("fingerprints", Json()) == Json(fingerprints_)) {
      night_.started = plan.value("started", options_.now);
      return true;
    }
    note("night " + night_.id + " was stopped and something changed since: it is left as it is");
  }
}

std::string Job::earlier_run(const BenchmarkJob& job, const NightJob& out) const {
  if (out.fingerprint.empty()) return "";
  for (auto night = nights_.rbegin(); night != nights_.rend(); ++night) {
    const NightJob* before = night->job(job.name);
    if (before == nullptr || before->fingerprint != out.fingerprint || before->run.empty())
      continue;
    if (whole(config_.folder / before->run)) return before->run;
  }
  return "";
}

// False when it was interrupted.
bool Job::evaluate(const BenchmarkJob& job, NightJob& out) {
  out.name = job.name;
  out.fingerprint = fingerprints_.at(job.name);
  out.run = earlier_run(job, out);
  out.reused = !out.run.empty();
  if (out.reused) {
    note(job.name + ": nothing changed since " + out.run);
  } else {
    out.run = night_.id + "/runs/" + job.name;
    const fs::path folder = config_.folder / out.run;
    const fs::path log = config_.folder / night_.id / "logs" / (job.name + ".txt");
    files_.create_directories(log.parent_path());
    std::vector<std::string> arguments = job.command;
    arguments.insert(arguments.end(), {"--out", folder.string()});
    const bool judged = std::find(arguments.begin(), arguments.end(), "--judge") != arguments.end();
    const bool cached =
        std::find(arguments.begin(), arguments.end(), "--judge-cache-file") != arguments.end();
    // One cache for all nights: a judged reply is never paid for twice.
    if (judged && !cached) {
      arguments.insert(arguments.end(),
                       {"--judge-cache-file", (config_.folder / "vigor.db").string()});
    }
    note(job.name + ": evaluating");
    const int code = options_.run(arguments, log);
    if (code == kInterruptedCode || options_.stop.stop_requested()) return false;
    if (!usable(folder)) {
      out.run.clear();
      const std::string words = last_error(log);
      out.error = "the command ended with exit code " + std::to_string(code) +
                  (words.empty() ? "; see logs/" + job.name + ".txt" : ": " + words);
      return true;
    }
  }
  try {
    const std::string spec =
        (config_.folder / out.run).string() + (job.candidate.empty() ? "" : "#" + job.candidate);
    const reports::RunView view = reports::open_run(spec);
    out.benchmark = view.benchmark;
    for (const reports::RunMetric& metric : view.metrics) {
      NightFigure figure;
      figure.key = metric.key;
      figure.title = metric.title;
      figure.unit = unit_text(metric.unit);
      figure.headline = metric.headline;
      figure.value = metric.value;
      if (metric.interval) {
        figure.low = metric.interval->low;
        figure.high = metric.interval->high;
      }
      figure.reason = metric.reason;
      out.figures.push_back(std::move(figure));
    }
    views_.emplace(job.name, view);
  } catch (const Error& error) {
    out.error = error.what();
  }
  return true;
}

double sign_of(const reports::RuleResult& result) {
  using Direction = reports::GateRule::Direction;
  if (result.rule.direction == Direction::kEither) return 0;
  if (result.rule.direction == Direction::kLower) return 1;
  if (result.rule.direction == Direction::kHigher) return -1;
  return result.metric.better == reports::Better::kLower ? 1 : -1;
}

void Job::write_compared(const Compared& one, const reports::GateResult* gate) {
  reports::write_comparison(
      files_, config_.folder / night_.id / "compared" / (one.job->name + "-" + one.against),
      one.comparison, gate);
}

// A benchmark that gave no run, or none that may be compared, has decided the night already: rules
// that only it has a figure for are left out, instead of being taken for misspelt.
reports::Gate Job::testable_gate(const std::vector<const reports::Comparison*>& all) const {
  reports::Gate gate = config_.gate;
  if (std::all_of(night_.jobs.begin(), night_.jobs.end(),
                  [](const NightJob& job) { return job.error.empty(); })) {
    return gate;
  }
  std::erase_if(gate.rules, [&](const reports::GateRule& rule) {
    return std::none_of(all.begin(), all.end(), [&](const reports::Comparison* one) {
      return (rule.benchmark.empty() || rule.benchmark == one->benchmark) &&
             one->metric(rule.metric) != nullptr;
    });
  });
  return gate;
}

void Job::compare() {
  std::vector<Compared> compared;
  const Night* accepted = last_accepted(nights_, night_.id);
  night_.reference = accepted == nullptr ? "" : accepted->id;
  const auto add = [&](NightJob& job, const std::string& against, const std::string& spec) {
    try {
      compared.push_back(
          {&job, against, reports::compare_runs({reports::open_run(spec)}, {views_.at(job.name)})});
    } catch (const Error& error) {
      job.error += (job.error.empty() ? "" : "; ") + against + ": " + error.what();
    }
  };
  for (size_t i = 0; i < night_.jobs.size(); ++i) {
    NightJob& job = night_.jobs[i];
    const BenchmarkJob& config = config_.benchmarks[i];
    if (!views_.contains(job.name)) continue;
    const std::string candidate = config.candidate.empty() ? "" : "#" + config.candidate;
    const NightJob* before = accepted == nullptr ? nullptr : accepted->job(job.name);
    if (before != nullptr && !before->run.empty()) {
      add(job, "accepted", (config_.folder / before->run).string() + candidate);
    }
    if (!config.baseline.empty()) add(job, "baseline", config.baseline.string() + candidate);
  }
  std::vector<const reports::Comparison*> all;
  for (const Compared& one : compared) all.push_back(&one.comparison);
  const reports::Gate gate = testable_gate(all);
  if (!all.empty() && gate.rules.empty()) {
    for (const Compared& one : compared) write_compared(one, nullptr);
  } else if (!all.empty()) {
    // All rules of the night are one family: the level is that of the night.
    const std::vector<reports::GateResult> gated = reports::apply_gates(gate, all);
    for (size_t i = 0; i < compared.size(); ++i) {
      const Compared& one = compared[i];
      for (const reports::RuleResult& rule : gated[i].rules) {
        one.job->rules.push_back({one.against, rule.metric.key, rule.outcome, rule.base, rule.drop,
                                  rule.rule.allowed_drop, sign_of(rule),
                                  reports::rule_sentence(rule)});
      }
      write_compared(one, &gated[i]);
    }
  }
  decide(!compared.empty());
}

// With nothing to compare with, what the gate will look at from now on must be there.
void Job::check_first_night() {
  for (const reports::GateRule& rule : config_.gate.rules) {
    bool of_a_job = false, known = false;
    for (const auto& [name, view] : views_) {
      if (!rule.benchmark.empty() && rule.benchmark != view.benchmark) continue;
      of_a_job = true;
      const reports::RunMetric* metric = view.metric(rule.metric);
      known = known || metric != nullptr;
      if (metric != nullptr && !metric->value) {
        night_.outcome = worse(night_.outcome, Outcome::kInconclusive);
      }
    }
    // A command that gave no run may have had the figure.
    if (of_a_job && !known && views_.size() == night_.jobs.size()) {
      throw Error({.what = "no benchmark of the night has the gate's metric '" +
                           printable(rule.metric) + "'",
                   .where = "gate",
                   .fix = "vigor-eval compare --json lists the metrics; the runs are kept",
                   .exit_code = ExitCode::kUsage});
    }
  }
}

void Job::decide(bool compared_any) {
  night_.outcome = Outcome::kPass;
  for (const NightJob& job : night_.jobs) {
    if (job.run.empty() || !views_.contains(job.name)) {
      night_.outcome = worse(night_.outcome, Outcome::kError);
    } else if (!job.error.empty() || !views_.at(job.name).withheld.empty()) {
      // The run is there, and it could not be compared: nothing was shown.
      night_.outcome = worse(night_.outcome, Outcome::kInconclusive);
    }
    for (const NightRule& rule : job.rules) {
      night_.outcome =
          worse(night_.outcome, rule.outcome == reports::GateOutcome::kPass ? Outcome::kPass
                                : rule.outcome == reports::GateOutcome::kRegression
                                    ? Outcome::kRegression
                                    : Outcome::kInconclusive);
    }
  }
  if (!compared_any) check_first_night();
  night_.accepted = night_.outcome == Outcome::kPass;
}

bool Job::write_report() {
  const fs::path folder = config_.folder / night_.id;
  const Night* accepted = last_accepted(nights_, night_.id);
  std::vector<std::string> arguments = {"report"};
  for (const NightJob& job : night_.jobs) {
    if (!views_.contains(job.name)) continue;
    const NightJob* before = accepted == nullptr ? nullptr : accepted->job(job.name);
    for (const NightJob* one : {before, static_cast<const NightJob*>(&job)}) {
      if (one == nullptr || one->run.empty() || !usable(config_.folder / one->run)) continue;
      const std::string run = (config_.folder / one->run).string();
      if (std::find(arguments.begin(), arguments.end(), run) == arguments.end()) {
        arguments.push_back(run);
      }
    }
  }
  if (arguments.size() == 1) return true;
  arguments.insert(arguments.end(), {"--out", (folder / "report").string()});
  files_.create_directories(folder / "logs");
  const int code = options_.run(arguments, folder / "logs" / "report.txt");
  if (code == kInterruptedCode) return false;
  if (code != 0) note("the report could not be written: see " + night_.id + "/logs/report.txt");
  return true;
}

NightlyResult Job::run() {
  see();
  if (!choose()) {
    note("night " + night_.id + " has ended, and nothing changed since");
    return {night_, false, true};
  }
  if (night_.started == 0) night_.started = options_.now;
  const fs::path folder = config_.folder / night_.id;
  files_.create_directories(folder);
  write_atomic(files_, folder / "plan.json",
               dump_json({{"night", night_.id},
                          {"started", night_.started},
                          {"program", options_.program},
                          {"fingerprints", fingerprints_}},
                         2) +
                   "\n");
  for (const reports::GateRule& rule : config_.gate.rules) {
    if (rule.allowed_drop > 0) continue;
    note("the gate allows " + printable(rule.metric) +
         " no drop: only a night that is shown to be better, or identical, is accepted");
  }
  for (const BenchmarkJob& job : config_.benchmarks) {
    if (options_.stop.stop_requested()) return {night_, true, false};
    NightJob out;
    if (!evaluate(job, out)) return {night_, true, false};
    night_.jobs.push_back(std::move(out));
  }
  compare();
  if (config_.report && !write_report()) return {night_, true, false};
  night_.ended = std::max(options_.now, night_.started);
  write_night(files_, config_.folder, night_);
  return {night_, false, false};
}

}  // namespace

NightlyResult evaluate_night(FileSystem& files, const Config& config,
                             const NightlyOptions& options) {
  return Job(files, config, options).run();
}

}  // namespace vigor::nightly
