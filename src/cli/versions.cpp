#include "cli/versions.h"

#include "engine/machine.h"
#include "image/image.h"

namespace vigor {

const char* program_version() {
  return VIGOR_VERSION;
}

Json versions() {
  return {{"vigor_eval", program_version()},
          {"git_commit", git_commit()},
          {"libtorch", libtorch_version()},
          {"codecs", codec_versions()},
#ifdef __clang__
          {"compiler", "clang " __clang_version__}};
#else
          {"compiler", "g++ " __VERSION__}};
#endif
}

}  // namespace vigor
