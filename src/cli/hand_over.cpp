// What vigor-eval does not compute itself. Loading LibTorch takes most of a second, and most
// commands need none of it; so the program is two: vigor-eval, which links no LibTorch, and
// vigor-eval-native beside it, the same commands with it. Here are the functions of the rooms that
// compute as vigor-eval has them: each ends by becoming vigor-eval-native with the same arguments.
// The process stays the same one: its id, files and signals.
#include <torch/version.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "base/files.h"
#include "cli/train.h"
#include "engine/machine.h"
#include "lvlm/native.h"
#include "vigor/detector.h"

namespace vigor {
namespace {

constexpr const char* kNative = "vigor-eval-native";

// As the process was given them.
std::vector<std::string> own_arguments() {
  const std::string text = read_file("/proc/self/cmdline");
  std::vector<std::string> arguments;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\0', at);
    arguments.push_back(text.substr(at, end - at));
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return arguments;
}

// Nothing may have been computed or written before; what was printed stays printed.
[[noreturn]] void hand_over() {
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / kNative;
  std::vector<std::string> arguments = own_arguments();
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::cout.flush();
  std::cerr.flush();
  ::execv(program.c_str(), pointers.data());
  throw Error({.what = std::string("cannot start the part that computes: ") + std::strerror(errno),
               .where = printable(program.string()),
               .cause = "vigor-eval was moved or copied without it",
               .fix = std::string("keep ") + kNative + " beside vigor-eval, or install again"});
}

}  // namespace

std::unique_ptr<Lvlm> open_native_lvlm(const NativeOptions&) {
  hand_over();
}

std::unique_ptr<PhraseDetector> open_grounding_dino_detector(const GroundingDinoOptions&) {
  hand_over();
}

std::string libtorch_version() {
  return TORCH_VERSION;
}

double quick_gemm_gflops() {
  hand_over();
}

MachineRates measure_machine(const MachineOptions&) {
  hand_over();
}

MachineFacts machine_facts() {
  hand_over();
}

std::vector<std::string> machine_advice(const MachineFacts&, const MachineRates&) {
  hand_over();
}

void set_compute_threads(int) {}  // of vigor-eval-native

ExitCode run_train_stage(TrainStage, const CommandContext&, const Json&) {
  hand_over();
}

}  // namespace vigor
