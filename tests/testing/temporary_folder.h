// A folder that is removed with its content at the end of a test.
#pragma once

#include <filesystem>
#include <string>

namespace vigor::testing {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& below) const {
    return path_ / below;
  }
  // Writes a file below the folder, making its parents; returns its path.
  std::filesystem::path write(const std::filesystem::path& below, const std::string& bytes) const;

 private:
  std::filesystem::path path_;
};

}  // namespace vigor::testing
