// vigor-eval doctor: what this machine can do, and what is wrong with it.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iomanip>

#include "cli/registry.h"
#include "cli/versions.h"
#include "engine/machine.h"

namespace vigor {
namespace {

class Doctor : public Command {
 public:
  std::string name() const override { return "doctor"; }
  std::string summary() const override {
    return "What this machine can do: LibTorch, BLAS, bf16 units, GPU, disk, measured rates";
  }
  std::string examples() const override {
    return "  vigor-eval doctor\n"
           "  vigor-eval doctor --json | jq .gemm_gflops.bfloat16\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--seconds", options_.seconds, "Seconds that each measurement takes at least")
        ->check(CLI::Range(0.01, 60.0))
        ->capture_default_str();
    app.add_option("--gemm-size", options_.gemm_size, "Rows of the square matrix product")
        ->check(CLI::Range(16, 16384))
        ->capture_default_str();
  }

  ExitCode run(const CommandContext& context) override {
    require_option(std::isfinite(options_.seconds), "--seconds", "a number from 0.01 to 60");
    const MachineRates rates = measure_machine(options_);
    const MachineFacts facts = machine_facts();
    const std::vector<std::string> advice = machine_advice(facts, rates);
    std::error_code code;
    const auto space = std::filesystem::space(".", code);
    // Whether a key is there, never the key.
    const bool has_key = std::getenv("OPENAI_API_KEY") != nullptr;
    std::ostream& out = *context.console.out;
    if (context.json) {
      Json result = {
          {"versions", versions()},
          {"processor", facts.processor},
          {"threads", facts.threads},
          {"units", facts.units},
          {"memory_bytes", facts.memory_bytes},
          {"blas", facts.blas.empty() ? Json() : Json(facts.blas)},
          {"gemm_gflops",
           {{"float32", rates.gemm_gflops_float32}, {"bfloat16", rates.gemm_gflops_bfloat16}}},
          {"memory_gb_per_s", rates.memory_gb_per_s},
          {"gpus", facts.gpus},
          {"disk_free_bytes", code ? Json() : Json(space.available)},
          {"keys", {{"OPENAI_API_KEY", has_key}}},
          {"advice", advice}};
      out << dump_json(result, 2) << "\n";
      return ExitCode::kDone;
    }
    const auto row = [&](const char* what) -> std::ostream& {
      return out << std::left << std::setw(18) << what;
    };
    out << std::fixed << std::setprecision(1);
    row("vigor-eval") << program_version() << " (" << git_commit() << ")\n";
    row("LibTorch") << facts.libtorch << ", " << facts.threads << " threads\n";
    row("processor") << printable(facts.processor) << "\n";
    row("matrix units");
    for (const std::string& unit : facts.units) out << unit << " ";
    out << (facts.units.empty() ? "none known\n" : "\n");
    row("BLAS") << (facts.blas.empty() ? "none found in this process" : printable(facts.blas))
                << "\n";
    row("GEMM fp32") << rates.gemm_gflops_float32 << " GFLOP/s\n";
    row("GEMM bf16") << rates.gemm_gflops_bfloat16 << " GFLOP/s\n";
    row("memory") << rates.memory_gb_per_s << " GB/s read, "
                  << static_cast<double>(facts.memory_bytes) / 1e9 << " GB installed\n";
    row("GPU");
    for (const std::string& gpu : facts.gpus) out << gpu << " ";
    out << (facts.gpus.empty() ? "none that this LibTorch can use\n" : "\n");
    row("disk here") << (code ? 0.0 : static_cast<double>(space.available) / 1e9) << " GB free\n";
    row("OPENAI_API_KEY") << (has_key ? "set" : "not set (only the judges need it)") << "\n\n";
    if (advice.empty()) {
      out << "Nothing is wrong.\n";
    } else {
      for (const std::string& line : advice) out << "! " << printable(line) << "\n";
    }
    return ExitCode::kDone;
  }

 private:
  MachineOptions options_;
};

}  // namespace

std::unique_ptr<Command> doctor_command() {
  return std::make_unique<Doctor>();
}

}  // namespace vigor
