#include "tests/testing/spawn.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/files.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::testing {

SpawnResult spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                  const SpawnOptions& options) {
  // Files instead of pipes: a program that writes much never waits for its reader.
  const TemporaryFolder folder;
  const std::filesystem::path out = options.out.empty() ? folder / "out" : options.out;
  const std::filesystem::path err = folder / "err";
  // There from the beginning: a program may be killed before it begins.
  std::ofstream(out).close();
  std::ofstream(err).close();
  std::vector<char*> argv;
  std::string name = program.string();
  std::vector<std::string> copies = arguments;
  argv.push_back(name.data());
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const int input = ::open("/dev/null", O_RDONLY);
    const int output = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int errors = ::open(err.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(input, 0);
    ::dup2(output, 1);
    ::dup2(errors, 2);
    if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(126);
    ::execv(name.c_str(), argv.data());
    ::_exit(127);
  }
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, options.meanwhile ? WNOHANG : 0);
    if (ended == child) break;
    if (ended < 0) throw std::runtime_error("waitpid failed");
    options.meanwhile(child);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  SpawnResult result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.out = read_file(out);
  result.err = read_file(err);
  return result;
}

}  // namespace vigor::testing
