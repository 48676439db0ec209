#include "base/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* action, const fs::path& path, int code) {
  ErrorParts parts;
  parts.where = printable(path.string());
  parts.what = std::string("cannot be ") + action + ": " + std::strerror(code);
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      parts.what = code == ENOSPC ? "no space left on the disk" : "the disk quota is used up";
      parts.fix = "free some space and run the same command again: what was written is kept";
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      parts.cause =
          code == EROFS ? "the file system is mounted read-only" : "this user may not write there";
      parts.fix = "choose a folder that can be written, or change its permissions";
      break;
    case ENOENT:
      if (std::error_code none; fs::is_directory(path.parent_path(), none)) {
        parts.cause = "this kind of file system takes no new files";
        parts.fix = "choose another folder";
      } else {
        parts.cause = "the folder " + printable(path.parent_path().string()) + " does not exist";
        parts.fix = "make the folder first";
      }
      break;
    case ENOTDIR:
    case EEXIST:
      parts.cause = "a part of the path is a file, and a folder is needed";
      parts.fix = "choose another path";
      break;
    default:
      break;
  }
  throw Error(std::move(parts));
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, const char* action)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail(action, path, errno);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class DiskFile : public WritableFile {
 public:
  DiskFile(const fs::path& path, int flags) : path_(path), fd_(path, flags, "opened for writing") {}

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t done = ::write(fd_.get(), bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) fail("written", path_, errno);
      bytes.remove_prefix(static_cast<size_t>(done));
    }
  }
  void sync() override {
    if (::fdatasync(fd_.get()) != 0) fail("written to the disk", path_, errno);
  }

 private:
  fs::path path_;
  Descriptor fd_;
};

class DiskLock : public FileLock {
 public:
  explicit DiskLock(std::unique_ptr<Descriptor> fd) : fd_(std::move(fd)) {}

 private:
  std::unique_ptr<Descriptor> fd_;
};

}  // namespace

std::unique_ptr<WritableFile> DiskFileSystem::append(const fs::path& path) {
  return std::make_unique<DiskFile>(path, O_WRONLY | O_CREAT | O_APPEND);
}

std::unique_ptr<WritableFile> DiskFileSystem::create(const fs::path& path) {
  return std::make_unique<DiskFile>(path, O_WRONLY | O_CREAT | O_TRUNC);
}

void DiskFileSystem::truncate(const fs::path& path, uint64_t size) {
  if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0) fail("shortened", path, errno);
}

void DiskFileSystem::rename(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("given its name", to, errno);
}

void DiskFileSystem::remove(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("removed", path, errno);
}

void DiskFileSystem::create_directories(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) fail("made", path, code.value());
  if (!fs::is_directory(path, code)) fail("made", path, ENOTDIR);
}

void DiskFileSystem::sync_directory(const fs::path& path) {
  const Descriptor folder(path, O_RDONLY | O_DIRECTORY, "opened");
  // Some network file systems do not sync folders; the rename itself has succeeded there.
  if (::fsync(folder.get()) != 0 && errno != EINVAL) fail("written to the disk", path, errno);
}

std::unique_ptr<FileLock> DiskFileSystem::try_lock(const fs::path& path) {
  auto fd = std::make_unique<Descriptor>(path, O_RDWR | O_CREAT, "opened for writing");
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return nullptr;
    fail("locked", path, errno);
  }
  return std::make_unique<DiskLock>(std::move(fd));
}

}  // namespace vigor
