#include "tests/testing/shared_data.h"

#include <cstdlib>

namespace vigor::testing {

std::filesystem::path source_dir() {
  return VIGOR_SOURCE_DIR;
}

std::filesystem::path shared(const std::filesystem::path& below) {
  const char* set = std::getenv("VIGOR_SHARED");
  const std::filesystem::path root = set != nullptr && *set != '\0'
                                         ? std::filesystem::path(set)
                                         : source_dir().parent_path() / "shared";
  return root / below;
}

}  // namespace vigor::testing
