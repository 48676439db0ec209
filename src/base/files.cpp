#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, int code) {
  const std::string name = printable(path.string());
  if (code == ENOENT) {
    const fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
    std::error_code ignored;
    const bool folder_exists = fs::is_directory(folder, ignored);
    throw Error({.what = "no such file",
                 .where = name,
                 .cause = folder_exists ? "the name is misspelt, or the file was never downloaded"
                                        : "the folder " + printable(folder.string()) +
                                              " does not exist either",
                 .fix = "check the path; relative paths start at " +
                        printable(fs::current_path(ignored).string())});
  }
  throw Error(
      {.what = std::string("cannot be read: ") + std::strerror(code),
       .where = name,
       .cause = code == EACCES   ? "this user may not read it"
                : code == EISDIR ? "it is a folder, and a file is needed"
                                 : "",
       .fix = code == EISDIR ? "give the file inside it" : "check the path and its permissions"});
}

}  // namespace

std::string read_file(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) fail(path, EISDIR);
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path, errno == 0 ? EIO : errno);
  std::string bytes;
  const auto size = fs::file_size(path, ignored);
  if (!ignored) bytes.reserve(size);
  char buffer[1 << 16];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
    bytes.append(buffer, static_cast<size_t>(in.gcount()));
  }
  if (in.bad()) fail(path, EIO);
  return bytes;
}

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(path, errno);
  struct stat info {};
  if (::fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    const int code = S_ISDIR(info.st_mode) ? EISDIR : errno;
    ::close(fd);
    fail(path, code);
  }
  size_ = static_cast<size_t>(info.st_size);
  if (size_ > 0) {
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    const int code = errno;
    ::close(fd);
    if (mapped == MAP_FAILED) fail(path, code);
    data_ = static_cast<const std::byte*>(mapped);
  } else {
    ::close(fd);
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace vigor
