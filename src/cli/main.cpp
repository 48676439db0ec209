#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/registry.h"
#include "cli/versions.h"
#include "engine/machine.h"

int main(int argc, char** argv) {
  // A reader that goes away is a write that fails, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  vigor::keep_freed_memory();
  // OMP_NUM_THREADS, when it is set, has been taken by LibTorch already.
  if (std::getenv("OMP_NUM_THREADS") == nullptr) vigor::set_compute_threads(0);
  vigor::DiskFileSystem files;
  vigor::CommandContext context;
  context.stop = vigor::stop_on_interrupt();
  context.files = &files;
  context.console = {.out = &std::cout,
                     .err = &std::cerr,
                     .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                     .clock = vigor::steady_clock()};
  const std::string version =
      std::string("vigor-eval ") + vigor::program_version() + " (" + vigor::git_commit() + ")";
  return static_cast<int>(vigor::run_program(vigor::all_commands(), {argv + 1, argv + argc},
                                             version, std::move(context)));
}
