#include "run/image_path.h"

#include <algorithm>

#include "base/error.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void leaves(const fs::path& folder, const std::string& name, const std::string& where,
                         const std::string& how) {
  throw Error({.what = "the image path " + printable(name) + " leaves the folder " +
                       printable(folder.string()) + ": " + how,
               .where = where,
               .cause = "the file was written for another folder, or is not to be trusted",
               .fix = "use names relative to --images, without \"..\""});
}

}  // namespace

fs::path image_path(const fs::path& folder, const std::string& name, const std::string& where) {
  if (name.empty() || name.find('\0') != std::string::npos) {
    throw Error({.what = "the image name is empty or has a NUL byte", .where = where});
  }
  const fs::path relative(name);
  if (relative.is_absolute()) leaves(folder, name, where, "it is absolute");
  for (const fs::path& part : relative) {
    if (part == "..") leaves(folder, name, where, "it has \"..\"");
  }
  fs::path path = folder / relative;
  std::error_code code;
  const fs::path real = fs::weakly_canonical(path, code);
  if (code) return path;  // for instance a missing folder: opening it gives the better message
  const fs::path root = fs::weakly_canonical(folder, code);
  const auto end = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  const bool inside =
      end.first == root.end() || (std::next(end.first) == root.end() && end.first->empty());
  if (!code && !inside) leaves(folder, name, where, "a symbolic link leads out");
  return path;
}

}  // namespace vigor
