// Writing to disk through an interface, so that tests can fail at any write, flush or rename.
//
// Reading is base/files.h. Every function throws Error; a full disk says so and what to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace vigor {

// An open file. Not thread-safe. The destructor closes without syncing.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // All bytes or an Error; after an Error part of them may be in the file.
  virtual void write(std::string_view bytes) = 0;
  // Returns when the bytes are on the disk (fdatasync).
  virtual void sync() = 0;
};

// Holds an advisory lock until it is destroyed (or its process ends, however it ends).
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Opens for writing at the end; makes the file when it is missing.
  virtual std::unique_ptr<WritableFile> append(const std::filesystem::path& path) = 0;
  // Opens an empty file, dropping what was there.
  virtual std::unique_ptr<WritableFile> create(const std::filesystem::path& path) = 0;
  virtual void truncate(const std::filesystem::path& path, uint64_t size) = 0;
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  // Nothing happens when the file is missing.
  virtual void remove(const std::filesystem::path& path) = 0;
  virtual void create_directories(const std::filesystem::path& path) = 0;
  // Makes renames and new names in a folder durable.
  virtual void sync_directory(const std::filesystem::path& path) = 0;
  // Makes the lock file when it is missing; null when another process (or handle) holds the lock.
  virtual std::unique_ptr<FileLock> try_lock(const std::filesystem::path& path) = 0;
};

// The machine's disks. Stateless.
class DiskFileSystem : public FileSystem {
 public:
  std::unique_ptr<WritableFile> append(const std::filesystem::path& path) override;
  std::unique_ptr<WritableFile> create(const std::filesystem::path& path) override;
  void truncate(const std::filesystem::path& path, uint64_t size) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove(const std::filesystem::path& path) override;
  void create_directories(const std::filesystem::path& path) override;
  void sync_directory(const std::filesystem::path& path) override;
  std::unique_ptr<FileLock> try_lock(const std::filesystem::path& path) override;
};

// The whole file appears under its name or nothing does: PATH.tmp is written and synced, then
// renamed, then the folder is synced. PATH.tmp may be left behind after a kill; it is overwritten.
void write_atomic(FileSystem& files, const std::filesystem::path& path, std::string_view bytes);

}  // namespace vigor
