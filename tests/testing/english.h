// The English data that the program ships, read once a test program. Header only, so that
// vigor_testing itself stands without the rooms above base.
#pragma once

#include "language/english.h"
#include "tests/testing/shared_data.h"

namespace vigor::testing {

inline const language::English& english() {
  static const language::English data =
      language::English::read({.folder = source_dir() / "data/text"});
  return data;
}

}  // namespace vigor::testing
