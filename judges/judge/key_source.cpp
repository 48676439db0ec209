#include "judges/judge/key_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace vigor {
namespace {

namespace fs = std::filesystem;

// Longer files are not keys.
constexpr size_t kMaxKeyBytes = 16 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return out;
}

// Without line ends inside, which would begin another header.
Secret checked(std::string value, const std::string& where) {
  const auto first = value.find_first_not_of(" \t\r\n");
  const auto last = value.find_last_not_of(" \t\r\n");
  value = first == std::string::npos ? "" : value.substr(first, last - first + 1);
  const bool sendable = std::all_of(value.begin(), value.end(),
                                    [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
  if (!sendable) {
    throw Error({.what = "the key holds characters that no header may (line ends, accents)",
                 .where = where,
                 .cause = "more than the key was copied",
                 .fix = "copy it again, alone and on one line"});
  }
  return Secret(std::move(value));
}

}  // namespace

bool names_a_secret(std::string_view name) {
  const std::string text = lower(name);
  for (const char* part :
       {"auth", "key", "token", "secret", "password", "cookie", "credential", "signature"}) {
    if (text.find(part) != std::string::npos) return true;
  }
  return text == "sig";
}

Secret key_from_environment(const std::string& name, const std::string& where,
                            const Environment& environment) {
  const bool valid = !name.empty() && (std::isdigit(static_cast<unsigned char>(name[0])) == 0) &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_';
                     });
  if (!valid) {
    throw Error({.what = "this is no name of an environment variable (A-Z, 0-9 and _)",
                 .where = where,
                 .cause = "the key itself was written where its variable's name belongs",
                 .fix = "put the key into a variable, and that variable's name here"});
  }
  return checked(environment(name).value_or(""), "environment variable " + name);
}

Secret key_from_file(const fs::path& file) {
  const std::string where = printable(file.string());
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    throw Error({.what = std::string("the key cannot be read: ") + std::strerror(errno),
                 .where = where,
                 .fix = "write the key into this file and give it mode 600, or name another one"});
  }
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } const closer{fd};
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    throw Error({.what = "the key's path is no file", .where = where, .fix = "name a file"});
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw Error(
        {.what = "the key lies open to other users of this machine",
         .where = where,
         .cause = "the file's mode lets group or others use it",
         .fix = "chmod 600 " + where + ", and have a key that others may have read replaced"});
  }
  std::string value(kMaxKeyBytes + 1, '\0');
  size_t size = 0;
  while (size < value.size()) {
    const ssize_t got = ::read(fd, value.data() + size, value.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(
          {.what = std::string("the key cannot be read: ") + std::strerror(errno), .where = where});
    }
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > kMaxKeyBytes) {
    throw Error(
        {.what = "the file is too long for a key", .where = where, .fix = "name the key's file"});
  }
  value.resize(size);
  Secret key = checked(std::move(value), where);
  if (key.empty()) {
    throw Error(
        {.what = "the file of the key is empty", .where = where, .fix = "write the key into it"});
  }
  return key;
}

fs::path key_path(const std::string& path, const fs::path& folder, const Environment& environment) {
  if (path.starts_with("~/")) {
    if (const auto home = environment("HOME"); home && !home->empty()) {
      return fs::path(*home) / path.substr(2);
    }
  }
  return folder / path;
}

}  // namespace vigor
