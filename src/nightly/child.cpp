#include "nightly/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace vigor::nightly {
namespace {

// Everything that comes out of a pipe, until its last writer has gone, to both files.
void pass_on(int from, const std::array<int, 2>& to) {
  char text[4096];
  while (true) {
    const ssize_t length = ::read(from, text, sizeof text);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return;
    for (const int file : to) {
      [[maybe_unused]] const ssize_t written = ::write(file, text, static_cast<size_t>(length));
    }
  }
}

// NAME=VALUE of this process, and of `over` in place of those of the same name.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& over) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!over.contains(text.substr(0, text.find('=')))) out.push_back(text);
  }
  for (const auto& [name, value] : over) out.push_back(name + "=" + value);
  return out;
}

// Pointers to the words, with the null at the end that exec wants.
std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

int run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
              const std::filesystem::path& log, const ChildOptions& options) {
  const std::stop_token& stop = options.stop;
  const auto failed = [&](const std::string& what, int code) {
    return Error({.what = what + ": " + std::strerror(code),
                  .where = printable(program.string()),
                  .fix = "see that the program and the folder of nights can be used"});
  };
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) throw failed("the log " + printable(log.string()) + " cannot be written", errno);
  // The command holds its log until it has ended, whatever becomes of this process: one that a
  // killed job left behind, which stops after what is under way, is waited for.
  while (::flock(out, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    if (stop.stop_requested()) {
      ::close(out);
      return static_cast<int>(ExitCode::kInterrupted);
    }
    ::usleep(20'000);
  }
  const bool terminal = options.terminal && ::isatty(STDERR_FILENO) == 1;
  // Everything that allocates happens before the fork.
  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment_with(options.environment);
  const std::vector<char*> argv = pointers(words), envp = pointers(variables);
  // What it says of errors is wanted in the log as well as on the terminal.
  int said[2] = {-1, -1};
  if (terminal && ::pipe2(said, O_CLOEXEC) != 0) {
    ::close(out);
    throw failed("a command cannot be started", errno);
  }
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    for (const int one : {out, said[0], said[1]}) ::close(one);
    throw failed("a command cannot be started", errno);
  }
  if (child == 0) {
    // Ctrl-C reaches the job alone, which passes it on once: a second signal would end the command
    // at once instead of after what is under way.
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);  // the job ended meanwhile
    ::dup2(out, STDOUT_FILENO);
    ::dup2(terminal ? said[1] : out, STDERR_FILENO);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  const std::stop_callback forward(stop, [child] { ::kill(child, SIGTERM); });
  if (terminal) {
    ::close(said[1]);
    pass_on(said[0], {STDERR_FILENO, out});
    ::close(said[0]);
  }
  ::close(out);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw failed("a command cannot be waited for", errno);
  }
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  return WEXITSTATUS(status);
}

}  // namespace vigor::nightly
