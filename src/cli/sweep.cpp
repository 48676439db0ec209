// vigor-eval sweep, vigor-eval train loop: the ViGoR loop in its variants, and what comes out.
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cli/config_merge.h"
#include "cli/loop_command.h"
#include "cli/registry.h"
#include "cli/training_keys.h"
#include "nightly/child.h"
#include "nightly/fingerprint.h"
#include "reports/sweep_report.h"
#include "vigor/loop_plan.h"
#include "vigor/run_plan.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// Content of files, folders of pictures and checkpoints, as the nightly job sees it.
std::optional<std::string> content_of_path(const std::string& path) {
  std::error_code unusable;
  if (path.empty() || !fs::exists(path, unusable)) return std::nullopt;
  try {
    return nightly::fingerprint({path}, "");
  } catch (const Error&) {
    return std::nullopt;
  }
}

// The options of training are checked before anything is run: it is the last of a loop's stages.
void check_training(const Json& train, const Json& sft, const std::string& where) {
  Json document = sft;
  for (const char* key : {"model", "data", "images", "out"}) document[key] = "-";
  document["train"] = train;
  check_training_keys(TrainStage::kSft, document, where);
}

void check_trainings(const LoopConfig& config, const std::string& where) {
  check_training(config.train, config.sft, where);
  for (const LoopVariant& variant : config.variants) {
    check_training(variant.train, Json::object(), where + ": variant '" + variant.name + "'");
  }
  if (config.reward_model) {
    check_training(config.reward_model->train, Json::object(), where + ": reward_model");
  }
}

std::vector<std::string> failure_lines(const LoopPlan& loop, const PlanRunResult& result) {
  std::vector<std::string> out;
  for (size_t i = 0; i < result.failures.size(); ++i) {
    if (result.failures[i].empty()) continue;
    out.push_back(loop.plan.jobs()[i].job.title + ": " + result.failures[i]);
  }
  return out;
}

Json checkpoints_json(const LoopPlan& loop, const PlanRunResult& result) {
  Json out = Json::array();
  for (const LoopCheckpoint& one : loop.checkpoints) {
    const std::string why = one.job ? result.failures[*one.job] : "";
    out.push_back({{"variant", one.variant},
                   {"seed", one.seed},
                   {"model", why.empty() ? Json(one.model) : Json()},
                   {"reason", why.empty() ? Json() : Json(why)}});
  }
  return out;
}

reports::SweepInput report_input(const LoopConfig& config, const LoopPlan& loop,
                                 const PlanRunResult& result) {
  reports::SweepInput out;
  out.title = config.title;
  out.seeds = config.seeds;
  out.failures = failure_lines(loop, result);
  for (const LoopVariant& variant : config.variants) {
    out.variants.push_back({variant.name, !variant.base()});
  }
  for (const LoopEvaluation& one : loop.evaluations) {
    const LoopCheckpoint& checkpoint = loop.checkpoints[one.checkpoint];
    const auto variant =
        std::find_if(config.variants.begin(), config.variants.end(),
                     [&](const LoopVariant& v) { return v.name == checkpoint.variant; });
    reports::SweepRun run;
    run.variant = static_cast<size_t>(variant - config.variants.begin());
    run.seed = checkpoint.seed;
    run.benchmark = one.benchmark;
    run.reason = one.job ? result.failures[*one.job] : one.reason;
    if (run.reason.empty()) run.run = one.run;
    out.runs.push_back(std::move(run));
  }
  for (const LoopCheck& one : loop.checks) {
    const std::string& reason = result.failures[one.job];
    out.checks.push_back(
        {one.reward, one.against, one.seed, reason.empty() ? one.file : "", reason});
  }
  return out;
}

// Cores that this process may use.
size_t cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return static_cast<size_t>(std::max(CPU_COUNT(&allowed), 1));
}

double bytes_of(const fs::path& path) {
  std::error_code none;
  if (fs::is_regular_file(path, none)) return static_cast<double>(fs::file_size(path, none));
  double sum = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path, none)) {
    if (entry.is_regular_file(none)) sum += static_cast<double>(entry.file_size(none));
  }
  return sum;
}

// Jobs beside each other when nobody says how many: a core each, which small models use better than
// all cores one after another (docs/sweep.md has the measurement), as far as the memory reaches;
// one on a device that they would share.
size_t jobs_for_machine(const LoopConfig& config) {
  const Json device = config.model_options.value("device", Json("cpu"));
  if (device != Json("cpu")) return 1;
  // Of weights in half precision training holds eight times their bytes: weights, gradients and two
  // moments in float32.
  constexpr double kTrainingTimesWeights = 8;
  const double one_job = kTrainingTimesWeights * bytes_of(config.model);
  const double memory =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  const double carried = one_job > 0 ? memory / one_job : 1e6;
  return static_cast<size_t>(std::clamp(carried, 1.0, static_cast<double>(cores())));
}

// The line about what runs: drawn again in its place on a terminal, else now and then.
class StatusLine {
 public:
  explicit StatusLine(const Console& console) : console_(console) {}
  void show(const std::string& text) {
    if (console_.err_is_terminal) {
      winsize size{};
      const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
      *console_.err << "\r\x1b[K" << printable(text).substr(0, (known ? size.ws_col : 80) - 1u)
                    << std::flush;
    } else if (const double now = console_.clock(); now - shown_ >= kPlainLineSeconds) {
      shown_ = now;
      *console_.err << printable(text) << std::endl;
    }
  }

 private:
  static constexpr double kPlainLineSeconds = 30;
  const Console& console_;
  double shown_ = -kPlainLineSeconds;
};

class Loop {
 public:
  Loop(const CommandContext& context, bool evaluate, LoopConfig config, size_t jobs)
      : context_(context),
        evaluate_(evaluate),
        config_(std::move(config)),
        jobs_(jobs > 0 ? jobs : jobs_for_machine(config_)),
        loop_(plan_loop(config_, evaluate, content_of_path)) {}

  void print_plan() const {
    if (context_.json) {
      *context_.console.out << dump_json({{"jobs", plan_json(loop_.plan)}}, 2) << "\n";
    } else {
      *context_.console.out << plan_text(loop_.plan, jobs_);
    }
  }
  ExitCode run();

 private:
  void finish(const PlanRunResult& result);

  const CommandContext& context_;
  const bool evaluate_;
  const LoopConfig config_;
  const size_t jobs_;  // beside each other
  LoopPlan loop_;
};

void Loop::finish(const PlanRunResult& result) {
  const fs::path out = loop_.plan.out();
  Json document = {{"title", config_.title},
                   {"jobs", plan_json(loop_.plan)},
                   {"failures", failure_lines(loop_, result)},
                   {"checkpoints", checkpoints_json(loop_, result)}};
  std::string text;
  if (evaluate_) {
    const reports::SweepReport report = reports::gather_sweep(report_input(config_, loop_, result));
    for (const fs::path& path : reports::write_sweep_report(*context_.files, report, out)) {
      text += "report: " + printable(path.string()) + "\n";
    }
    text = reports::sweep_text(report) + "\n" + text;
    document["report"] = reports::sweep_json(report);
  } else {
    for (const Json& one : document["checkpoints"]) {
      text += printable(one["variant"].get<std::string>()) + ", seed " + one["seed"].dump() + ": " +
              printable(one["model"].is_string() ? one["model"].get<std::string>()
                                                 : one["reason"].get<std::string>()) +
              "\n";
    }
  }
  write_atomic(*context_.files, out / "loop.json", dump_json(document, 2) + "\n");
  if (context_.json) {
    *context_.console.out << dump_json(document, 2) << "\n";
  } else {
    *context_.console.out << text;
  }
}

ExitCode Loop::run() {
  if (!context_.json) *context_.console.err << plan_text(loop_.plan, jobs_) << std::flush;
  const fs::path self = fs::read_symlink("/proc/self/exe");
  nightly::ChildOptions child;
  // Alone a job draws its own line of progress.
  child.terminal = jobs_ == 1;
  // The last digits of a training depend on the number of threads: it is the same whatever N is.
  // Who set it meant it for each job.
  if (std::getenv("OMP_NUM_THREADS") == nullptr) {
    const size_t threads = std::max<size_t>(cores() / jobs_for_machine(config_), 1);
    child.environment["OMP_NUM_THREADS"] = std::to_string(threads);
  }
  StatusLine status(context_.console);
  PlanRunOptions options;
  options.jobs = jobs_;
  if (jobs_ > 1) options.status = [&](const std::string& text) { status.show(text); };
  options.clock = context_.console.clock;
  options.stop = context_.stop;
  options.note = [&](const std::string& text) { context_.console.note(text); };
  options.run = [&](const PlanCommand& command) {
    nightly::ChildOptions of_job = child;
    of_job.stop = command.stop;
    return nightly::run_child(self, command.arguments, command.log, of_job);
  };
  const PlanRunResult result = run_plan(*context_.files, loop_.plan, options);
  if (result.interrupted) {
    context_.console.note("interrupted after " + std::to_string(result.ran + result.kept) + " of " +
                          std::to_string(loop_.plan.jobs().size()) +
                          " jobs; the same command goes on from there");
    return ExitCode::kInterrupted;
  }
  finish(result);
  if (result.failed() == 0) return ExitCode::kDone;
  const std::vector<std::string> lines = failure_lines(loop_, result);
  throw Error({.what = std::to_string(result.failed()) + " of " +
                       std::to_string(loop_.plan.jobs().size()) +
                       " jobs have no result; the first: " + lines.front(),
               .where = printable(config_.out),
               .fix = "mend the cause and give the same command again: what is done stays"});
}

class LoopCommand : public Command {
 public:
  explicit LoopCommand(bool evaluate) : evaluate_(evaluate) {}
  std::string name() const override { return evaluate_ ? "sweep" : "loop"; }
  std::string summary() const override {
    return evaluate_ ? "Train in every variant, evaluate every checkpoint, write the paper's tables"
                     : "The whole ViGoR loop: from a base checkpoint to a better grounded one";
  }
  std::string examples() const override {
    return evaluate_ ? "  vigor-eval sweep configs/sweeps/demo.json --dry-run   (what would be "
                       "done, and how long)\n"
                       "  vigor-eval sweep configs/sweeps/demo.json --out runs/sweep\n"
                       "A sweep that was stopped or killed goes on with the same command; what is "
                       "there is not done\nagain. docs/sweep.md has every key.\n"
                     : "  vigor-eval train loop --config configs/sweeps/demo.json --variant All "
                       "--out runs/loop\n"
                       "  vigor-eval train configs/sweeps/demo.json --dry-run\n"
                       "The file is that of vigor-eval sweep (docs/sweep.md); its benchmarks are "
                       "not asked.\n";
  }
  bool reads_config() const override { return true; }
  void add_options(CLI::App& app) override {
    app.add_option("CONFIG", file_, "JSON file of what is trained and evaluated")
        ->type_name("FILE.json");
    arguments_.add_to(app);
  }
  ExitCode run(const CommandContext& context) override {
    const fs::path file = file_.empty() ? context.config : fs::path(file_);
    require_option(!file.empty(), "CONFIG", "the file that says what is trained");
    return run_loop(context, file, evaluate_, arguments_);
  }

 private:
  const bool evaluate_;
  std::string file_;
  LoopArguments arguments_;
};

}  // namespace

void LoopArguments::add_to(CLI::App& app) {
  app.add_option("--out", out, "Folder of all results; wins over the file's 'out'")
      ->type_name("DIR");
  app.add_option("--judge", judge, "File or address of a judge; wins over the file's 'judge'")
      ->type_name("JUDGE");
  app.add_option("--variant", variants, "These variants alone")->type_name("NAME...");
  app.add_option("--seed", seeds, "These seeds in place of the file's")->type_name("N...");
  app.add_option("--jobs", jobs,
                 "Jobs beside each other; 0: one a core, as far as the memory reaches. Results are "
                 "the same whatever it is")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--dry-run", dry_run, "Print the jobs, their states and the time; start nothing");
}

ExitCode run_loop(const CommandContext& context, const fs::path& file, bool evaluate,
                  const LoopArguments& arguments) {
  const std::string where = printable(file.string());
  Json document = read_config(file);
  if (!arguments.seeds.empty() && document.is_object()) document["seeds"] = arguments.seeds;
  LoopConfig config = parse_loop_config(document, where);
  check_trainings(config, where);
  if (!arguments.out.empty()) config.out = arguments.out;
  if (!arguments.judge.empty()) config.judge = arguments.judge;
  if (!arguments.variants.empty()) {
    std::vector<std::string> names;
    std::vector<LoopVariant> kept;
    for (const LoopVariant& variant : config.variants) names.push_back(variant.name);
    for (const std::string& name : arguments.variants) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found != names.end()) {
        kept.push_back(config.variants[static_cast<size_t>(found - names.begin())]);
        continue;
      }
      const std::string nearest = nearest_name(name, names);
      throw Error(
          {.what = "no variant is named '" + printable(name) + "'",
           .where = where,
           .fix = nearest.empty() ? "see its key 'variants'" : "did you mean " + nearest + "?",
           .exit_code = ExitCode::kUsage});
    }
    config.variants = std::move(kept);
  }
  Loop loop(context, evaluate, std::move(config), arguments.jobs);
  if (!arguments.dry_run) return loop.run();
  loop.print_plan();
  return ExitCode::kDone;
}

std::unique_ptr<Command> sweep_command() {
  return std::make_unique<LoopCommand>(true);
}

std::unique_ptr<Command> train_loop_command() {
  return std::make_unique<LoopCommand>(false);
}

}  // namespace vigor
