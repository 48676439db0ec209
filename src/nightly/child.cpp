#include "nightly/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace vigor::nightly {

int run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
              const std::filesystem::path& log, std::stop_token stop) {
  const auto failed = [&](const std::string& what, int code) {
    return Error({.what = what + ": " + std::strerror(code),
                  .where = printable(program.string()),
                  .fix = "see that the program and the folder of nights can be used"});
  };
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) throw failed("the log " + printable(log.string()) + " cannot be written", errno);
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  // Everything that allocates happens before the fork.
  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    ::close(out);
    throw failed("a command cannot be started", errno);
  }
  if (child == 0) {
    // Ctrl-C reaches the job alone, which passes it on once: a second signal would end the command
    // at once instead of after what is under way.
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);  // the job ended meanwhile
    ::dup2(out, STDOUT_FILENO);
    if (!terminal) ::dup2(out, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out);
  const std::stop_callback forward(stop, [child] { ::kill(child, SIGTERM); });
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw failed("a command cannot be waited for", errno);
  }
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  return WEXITSTATUS(status);
}

}  // namespace vigor::nightly
