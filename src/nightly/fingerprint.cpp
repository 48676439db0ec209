#include "nightly/fingerprint.h"

#include <algorithm>

#include "base/json.h"
#include "run/checkpoint_hash.h"
#include "run/sha256.h"

namespace vigor::nightly {
namespace {

namespace fs = std::filesystem;

std::string folder_hash(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(
           folder, fs::directory_options::follow_directory_symlink |
                       fs::directory_options::skip_permission_denied)) {
    std::error_code gone;
    if (!entry.is_regular_file(gone)) continue;
    files.push_back(entry.path().lexically_relative(folder).string() + " " +
                    std::to_string(entry.file_size(gone)) + "\n");
  }
  std::sort(files.begin(), files.end());
  Sha256 hash;
  for (const std::string& line : files) hash.update(line);
  return hash.hex();
}

std::string content_of(const std::string& path) {
  if (fs::is_directory(path)) {
    return fs::exists(fs::path(path) / "config.json") ? "checkpoint " + checkpoint_hash(path)
                                                      : "folder " + folder_hash(path);
  }
  return "file " + sha256_file(path);
}

// What stands for an argument: the content it names, else itself.
std::string seen(const std::string& argument) {
  // "random:GEOMETRY.json", "recorded:FILE", "NAME=FILE", "--option=FILE"; npos + 1 is 0.
  for (const size_t start : {size_t{0}, argument.find('=') + 1, argument.find(':') + 1}) {
    const std::string path = argument.substr(start);
    std::error_code unusable;
    if (!path.empty() && fs::exists(path, unusable)) {
      return argument.substr(0, start) + content_of(path);
    }
  }
  return argument;
}

bool endpoint(const std::string& argument) {
  return argument.find("http://") != std::string::npos ||
         argument.find("https://") != std::string::npos;
}

}  // namespace

std::optional<std::string> fingerprint(const std::vector<std::string>& command,
                                       const std::string& program) {
  Json parts = Json::array({program});
  for (size_t i = 0; i < command.size(); ++i) {
    // A judge is a configuration of an endpoint, but what it said is kept in the cache: it is asked
    // again only for answers that are new.
    const bool judge = i > 0 && command[i - 1] == "--judge";
    if (endpoint(command[i]) && !judge) return std::nullopt;
    parts.push_back(seen(command[i]));
  }
  return sha256_hex(dump_json(parts));
}

}  // namespace vigor::nightly
