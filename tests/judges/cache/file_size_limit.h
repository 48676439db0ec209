// A disk that fails, without one that is full.
#pragma once

#include <sys/resource.h>

#include <csignal>

namespace vigor::testing {

// While it lives, no file of this process may grow beyond `bytes`: writing fails instead.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    previous_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, previous_handler_);
  }

 private:
  rlimit before_ = {};
  void (*previous_handler_)(int) = nullptr;
};

}  // namespace vigor::testing
