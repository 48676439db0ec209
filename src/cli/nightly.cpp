// vigor-eval nightly: one night's evaluation, comparison and gate.
#include "nightly/nightly.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "cli/registry.h"
#include "cli/versions.h"
#include "nightly/child.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// A folder's name, a line of a summary and a cell of a table.
bool plain_night(const std::string& name) {
  return name.size() <= 64 && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

class Nightly : public Command {
 public:
  std::string name() const override { return "nightly"; }
  std::string summary() const override {
    return "Evaluate what changed, compare with the last accepted night, report, gate";
  }
  std::string examples() const override {
    return "  vigor-eval nightly configs/nightly/demo.json\n"
           "      (exit code 0: passed and accepted, 3: regression, 4: inconclusive, 1: error)\n"
           "  vigor-eval nightly nightly.json --accept 2026-11-23    (after a change of prompt)\n"
           "  vigor-eval nightly nightly.json --rebuild              (index and trend page alone)\n"
           "docs/nightly.md explains the file and the folder of nights; configs/nightly has a "
           "systemd timer, a\ncron line and a GitHub Actions workflow.\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("CONFIG", config_, "JSON file of what is evaluated and how it is gated")
        ->type_name("FILE.json");
    app.add_option("--night", night_, "Name of the night (default: today, UTC)")->type_name("NAME");
    app.add_option("--accept", accept_, "Mark a finished night as accepted, whatever its outcome")
        ->type_name("NIGHT");
    app.add_flag("--rebuild", rebuild_, "Only write vigor.db and trend.html from the folders");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!config_.empty(), "CONFIG", "the file that says what is evaluated");
    if (!night_.empty() && !plain_night(night_)) {
      throw Error({.what = "--night must be a plain name: at most 64 letters, digits, '.', '-' and "
                           "'_', not beginning with '.' or '-'",
                   .fix = "write 2026-11-23, or leave it out",
                   .exit_code = ExitCode::kUsage});
    }
    const nightly::Config config = nightly::read_config(config_);
    if (rebuild_) {
      nightly::rebuild(*context.files, config);
      return ExitCode::kDone;
    }
    if (!accept_.empty()) {
      print(context, config, nightly::accept_night(*context.files, config, accept_));
      return ExitCode::kDone;
    }
    nightly::NightlyOptions options;
    options.night = night_;
    options.now = std::chrono::duration_cast<std::chrono::seconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count();
    options.program = std::string(program_version()) + " " + git_commit();
    options.stop = context.stop;
    options.note = [&](const std::string& text) { context.console.note(text); };
    const fs::path self = fs::read_symlink("/proc/self/exe");
    options.run = [&](const std::vector<std::string>& arguments, const fs::path& log) {
      return nightly::run_child(self, arguments, log, {.stop = context.stop});
    };
    const nightly::NightlyResult result = nightly::run_night(*context.files, config, options);
    if (result.interrupted) {
      context.console.note("interrupted: the same command goes on with night " + result.night.id);
      return ExitCode::kInterrupted;
    }
    print(context, config, result.night);
    return nightly::exit_code(result.night.outcome);
  }

 private:
  void print(const CommandContext& context, const nightly::Config& config,
             const nightly::Night& night) const {
    if (context.json) {
      *context.console.out << dump_json(nightly::night_json(night), 2) << "\n";
      return;
    }
    *context.console.out << nightly::night_text(night)
                         << "\ntrend: " << printable((config.folder / "trend.html").string())
                         << "\n";
  }

  std::string config_, night_, accept_;
  bool rebuild_ = false;
};

}  // namespace

std::unique_ptr<Command> nightly_command() {
  return std::make_unique<Nightly>();
}

}  // namespace vigor
