#include "cli/shipped_data.h"

#include "base/error.h"

namespace vigor {

namespace fs = std::filesystem;

fs::path shipped_data(const std::string& name, const std::string& option) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed =
      (program.parent_path() / "../share/vigor-eval" / name).lexically_normal();
  if (!error && fs::exists(installed, error)) return installed;
  const fs::path sources = fs::path(VIGOR_SOURCE_DIR) / "data" / name;
  if (fs::exists(sources, error)) return sources;
  throw Error({.what = "the program's own data/" + name + " is not found",
               .where = installed.string(),
               .cause = "the program was moved without its data",
               .fix = "copy it from the sources there, or name another with " + option});
}

}  // namespace vigor
