// Where the reference data lies: $VIGOR_SHARED, else `shared` beside the source tree.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

namespace vigor::testing {

// The path below the shared folder; it need not exist.
std::filesystem::path shared(const std::filesystem::path& below);

// The root of the source tree, for committed examples.
std::filesystem::path source_dir();

}  // namespace vigor::testing

// Skips the test by name when the reference data is not there.
#define VIGOR_REQUIRE_SHARED(below)                                               \
  if (!std::filesystem::exists(::vigor::testing::shared(below)))                  \
  GTEST_SKIP() << "reference data not found: " << ::vigor::testing::shared(below) \
               << " (set VIGOR_SHARED)"
