#include "cli/versions.h"

#include <torch/version.h>

#include <opencv2/core/version.hpp>

namespace vigor {

const char* program_version() {
  return VIGOR_VERSION;
}

Json versions() {
  return {{"vigor_eval", program_version()},
          {"git_commit", git_commit()},
          {"libtorch", TORCH_VERSION},
          {"opencv", CV_VERSION},
#ifdef __clang__
          {"compiler", "clang " __clang_version__}};
#else
          {"compiler", "g++ " __VERSION__}};
#endif
}

}  // namespace vigor
