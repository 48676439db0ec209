// Reading whole files and memory-mapping them. Writing, with injected faults: base/file_system.h.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace vigor {

// The bytes of a file. Throws Error (missing, a folder, no permission, read error).
std::string read_file(const std::filesystem::path& path);

// A read-only memory map of a whole file. Pages are loaded by the kernel when touched and can be
// dropped under pressure, so mapped weights do not count twice. Move-only; unmapped on destruction.
class MappedFile {
 public:
  // Throws Error as read_file does. An empty file maps to an empty span.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace vigor
