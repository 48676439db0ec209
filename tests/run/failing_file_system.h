// A file system that fails at its n-th changing operation.
#pragma once

#include "base/file_system.h"

namespace vigor::testing {

enum class Fault {
  kNoSpace,     // half of a write arrives, then Error "no space left"; later operations work
  kDiskFull,    // as kNoSpace, and every later write fails too
  kKillBefore,  // the process ends before the operation
  kKillAfter,   // the process ends after the operation
};

// Ends the "process" of a test: not an Error, so that nothing in the code handles it.
struct Killed {};

class FailingFileSystem : public FileSystem {
 public:
  // `fail_at` counts writes, syncs, renames, truncations, removals and folder syncs from 0; -1
  // never fails.
  FailingFileSystem(int fail_at, Fault fault) : fail_at_(fail_at), fault_(fault) {}
  int operations() const { return operations_; }

  std::unique_ptr<WritableFile> append(const std::filesystem::path& path) override;
  std::unique_ptr<WritableFile> create(const std::filesystem::path& path) override;
  void truncate(const std::filesystem::path& path, uint64_t size) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove(const std::filesystem::path& path) override;
  void create_directories(const std::filesystem::path& path) override;
  void sync_directory(const std::filesystem::path& path) override;
  std::unique_ptr<FileLock> try_lock(const std::filesystem::path& path) override;

 private:
  friend class FailingFile;
  // Runs one operation; `half` is what a failing one still does.
  template <typename Whole, typename Half>
  void operate(const Whole& whole, const Half& half, bool needs_space);

  DiskFileSystem disk_;
  int fail_at_;
  Fault fault_;
  int operations_ = 0;
  bool dead_ = false;
};

}  // namespace vigor::testing
