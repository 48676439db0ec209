#include "base/atomic_file.h"

#include <utility>

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr size_t kGatheredBytes = size_t{1} << 20;

}  // namespace

AtomicFile::AtomicFile(FileSystem& files, fs::path path)
    : files_(&files), path_(std::move(path)), temporary_(path_) {
  temporary_ += ".tmp";
  file_ = files_->create(temporary_);
}

void AtomicFile::write(std::string_view bytes) {
  if (gathered_.size() + bytes.size() > kGatheredBytes) flush();
  if (bytes.size() >= kGatheredBytes) {
    file_->write(bytes);
  } else {
    gathered_ += bytes;
  }
}

void AtomicFile::flush() {
  if (gathered_.empty()) return;
  file_->write(gathered_);
  gathered_.clear();
}

void AtomicFile::commit() {
  flush();
  file_->sync();
  file_.reset();
  files_->rename(temporary_, path_);
  files_->sync_directory(path_.parent_path().empty() ? fs::path(".") : path_.parent_path());
}

void write_atomic(FileSystem& files, const fs::path& path, std::string_view bytes) {
  AtomicFile file(files, path);
  file.write(bytes);
  file.commit();
}

}  // namespace vigor
