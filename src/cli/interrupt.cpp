#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"

namespace vigor {

std::stop_token stop_on_interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source source;
  std::stop_token token = source.get_token();
  std::thread([signals, source]() mutable {
    int received = 0;
    sigwait(&signals, &received);
    static constexpr char kStopping[] =
        "\nstopping after what is under way; Ctrl-C again ends at once\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kStopping, sizeof kStopping - 1);
    source.request_stop();
    sigwait(&signals, &received);
    ::_exit(static_cast<int>(ExitCode::kInterrupted));
  }).detach();
  return token;
}

}  // namespace vigor
