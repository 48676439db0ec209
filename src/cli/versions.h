// What built this program, for `--version` and run.json.
#pragma once

#include "base/json.h"

namespace vigor {

const char* program_version();
// Commit of the sources, "-modified" appended when files differed from it, "unknown" outside git.
const char* git_commit();
// {"vigor_eval", "git_commit", "libtorch", "codecs", "compiler"}.
Json versions();

}  // namespace vigor
