// vigor-eval compare: two runs, paired by image, and the gate.
#include "cli/registry.h"
#include "reports/compare_formats.h"

namespace vigor {
namespace {

class Compare : public Command {
 public:
  std::string name() const override { return "compare"; }
  std::string summary() const override {
    return "Two runs of one benchmark, paired by image: what changed, and is it chance?";
  }
  std::string examples() const override {
    return "  vigor-eval compare runs/base runs/candidate\n"
           "  vigor-eval compare runs/base runs/candidate --gate gate.json --out compared\n"
           "      (exit code 0: passed, 3: regression, 4: too few questions to tell)\n"
           "  vigor-eval compare runs/rank#llava runs/rank#vigor     (two models of one ranking)\n"
           "  vigor-eval compare runs/base-s0 runs/new-s0 --base-seeds runs/base-s1 runs/base-s2 "
           "\\\n"
           "      --candidate-seeds runs/new-s1 runs/new-s2          (each trained three times)\n"
           "docs/compare.md explains the tests and the gate's rules.\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("BASE", base_, "Run folder that the other is compared with");
    app.add_option("CANDIDATE", candidate_, "Run folder; of a ranking FOLDER#NAME");
    app.add_option("--base-seeds", base_seeds_, "More trainings of BASE with other seeds")
        ->type_name("RUN...");
    app.add_option("--candidate-seeds", candidate_seeds_,
                   "More trainings of CANDIDATE with other seeds")
        ->type_name("RUN...");
    app.add_option("--gate", gate_, "Rules that the candidate must keep")->type_name("FILE.json");
    app.add_flag("--force", options_.force,
                 "Compare although dialect, prompt, questions or judge differ; marks the result");
    app.add_option("--level", options_.level, "Of the intervals; verdicts need p < 1 - level")
        ->check(CLI::Range(0.5, 0.9999))
        ->capture_default_str();
    app.add_option("--bootstrap", options_.resamples,
                   "Bootstrap intervals beside the others, from so many resamples (0: none)")
        ->check(CLI::Range(0, 10'000'000))
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--seed", options_.seed, "Of the bootstrap")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--flips", flips_, "Samples that got worse to print")->capture_default_str();
    app.add_option("--out", out_, "Write compare.html, compare.md, compare.json and junit.xml here")
        ->type_name("DIR");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!base_.empty(), "BASE", "the run folder that the other is compared with");
    require_option(!candidate_.empty(), "CANDIDATE", "the run folder that is compared");
    if (options_.resamples > 0 && options_.resamples < 100) {
      throw Error({.what = "--bootstrap needs at least 100 resamples",
                   .fix = "10000 is customary",
                   .exit_code = ExitCode::kUsage});
    }
    // The gate first: its mistakes are found before anything is read.
    std::optional<reports::Gate> gate;
    if (!gate_.empty()) gate = reports::read_gate(gate_);
    const reports::Comparison comparison = reports::compare_runs(
        open_side(base_, base_seeds_), open_side(candidate_, candidate_seeds_), options_);
    std::optional<reports::GateResult> result;
    if (gate) result = reports::apply_gate(*gate, comparison);
    const reports::GateResult* gated = result ? &*result : nullptr;
    if (!out_.empty()) reports::write_comparison(*context.files, out_, comparison, gated);
    if (context.json) {
      *context.console.out << dump_json(reports::compare_json(comparison, gated), 2) << "\n";
    } else {
      *context.console.out << reports::compare_text(comparison, gated, flips_);
      if (!out_.empty()) {
        *context.console.out << "\nwritten to " << printable(out_)
                             << ": compare.html, compare.md, compare.json, junit.xml\n";
      }
    }
    return result ? reports::exit_code(result->outcome) : ExitCode::kDone;
  }

 private:
  static std::vector<reports::RunView> open_side(const std::string& first,
                                                 const std::vector<std::string>& seeds) {
    std::vector<reports::RunView> runs;
    runs.push_back(reports::open_run(first));
    for (const std::string& seed : seeds) runs.push_back(reports::open_run(seed));
    return runs;
  }

  std::string base_, candidate_, gate_, out_;
  std::vector<std::string> base_seeds_, candidate_seeds_;
  reports::CompareOptions options_;
  size_t flips_ = 10;
};

}  // namespace

std::unique_ptr<Command> compare_command() {
  return std::make_unique<Compare>();
}

}  // namespace vigor
