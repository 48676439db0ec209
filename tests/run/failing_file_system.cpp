#include "tests/run/failing_file_system.h"

#include "base/error.h"

namespace vigor::testing {
namespace {

[[noreturn]] void no_space() {
  throw Error({.what = "no space left on the disk", .where = "test disk"});
}

}  // namespace

template <typename Whole, typename Half>
void FailingFileSystem::operate(const Whole& whole, const Half& half, bool needs_space) {
  // Destructors run while Killed unwinds the stack; a dead process writes nothing more.
  if (dead_) return;
  const int index = operations_++;
  const bool full = fault_ == Fault::kDiskFull && fail_at_ >= 0 && index > fail_at_ && needs_space;
  if (index != fail_at_ && !full) return whole();
  switch (fault_) {
    case Fault::kNoSpace:
    case Fault::kDiskFull:
      half();
      no_space();
    case Fault::kKillBefore:
      half();
      dead_ = true;
      throw Killed();
    case Fault::kKillAfter:
      whole();
      dead_ = true;
      throw Killed();
  }
}

class FailingFile : public WritableFile {
 public:
  FailingFile(FailingFileSystem& owner, std::unique_ptr<WritableFile> file)
      : owner_(owner), file_(std::move(file)) {}
  void write(std::string_view bytes) override {
    owner_.operate([&] { file_->write(bytes); },
                   [&] { file_->write(bytes.substr(0, bytes.size() / 2)); }, true);
  }
  void sync() override {
    owner_.operate([&] { file_->sync(); }, [] {}, true);
  }

 private:
  FailingFileSystem& owner_;
  std::unique_ptr<WritableFile> file_;
};

std::unique_ptr<WritableFile> FailingFileSystem::append(const std::filesystem::path& path) {
  return std::make_unique<FailingFile>(*this, disk_.append(path));
}
std::unique_ptr<WritableFile> FailingFileSystem::create(const std::filesystem::path& path) {
  return std::make_unique<FailingFile>(*this, disk_.create(path));
}
void FailingFileSystem::truncate(const std::filesystem::path& path, uint64_t size) {
  operate([&] { disk_.truncate(path, size); }, [] {}, false);
}
void FailingFileSystem::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  operate([&] { disk_.rename(from, to); }, [] {}, true);
}
void FailingFileSystem::remove(const std::filesystem::path& path) {
  operate([&] { disk_.remove(path); }, [] {}, false);
}
void FailingFileSystem::create_directories(const std::filesystem::path& path) {
  disk_.create_directories(path);
}
void FailingFileSystem::sync_directory(const std::filesystem::path& path) {
  operate([&] { disk_.sync_directory(path); }, [] {}, false);
}
std::unique_ptr<FileLock> FailingFileSystem::try_lock(const std::filesystem::path& path) {
  return disk_.try_lock(path);
}

}  // namespace vigor::testing
