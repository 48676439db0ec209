#include "model/zip.h"

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace vigor {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kZip64End = 0x06064b50;
constexpr uint32_t kZip64Locator = 0x07064b50;
constexpr uint64_t kMaxRecords = 1'000'000;

class ZipReader {
 public:
  ZipReader(std::span<const std::byte> file, const std::string& where)
      : file_(file), where_(where) {}

  std::unordered_map<std::string, ZipRecord> read() {
    find_directory();
    std::unordered_map<std::string, ZipRecord> records;
    uint64_t at = directory_;
    for (uint64_t i = 0; i < count_; ++i) at = read_entry(at, records);
    return records;
  }

 private:
  [[noreturn]] void damaged(const std::string& what,
                            const std::string& cause = "the file is damaged or hostile") const {
    throw Error(
        {.what = what, .where = where_, .cause = cause, .fix = "download or write the file again"});
  }

  // Little-endian number of `bytes` bytes; throws when it is not in the file.
  uint64_t number(uint64_t at, int bytes) const {
    if (at > file_.size() || file_.size() - at < static_cast<uint64_t>(bytes)) {
      damaged("the zip directory points behind the end of the file");
    }
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) {
      value = value << 8 | std::to_integer<uint64_t>(file_[at + static_cast<uint64_t>(i)]);
    }
    return value;
  }
  uint64_t u16(uint64_t at) const { return number(at, 2); }
  uint64_t u32(uint64_t at) const { return number(at, 4); }
  uint64_t u64(uint64_t at) const { return number(at, 8); }

  void find_directory() {
    constexpr uint64_t kEndSize = 22;
    constexpr uint64_t kMaxComment = 0xFFFF;
    std::optional<uint64_t> end;
    if (file_.size() >= kEndSize) {
      const uint64_t last = file_.size() - kEndSize;
      const uint64_t first = last > kMaxComment ? last - kMaxComment : 0;
      for (uint64_t at = last + 1; at-- > first;) {
        if (u32(at) == kEnd && at + kEndSize + u16(at + 20) == file_.size()) {
          end = at;
          break;
        }
      }
    }
    if (!end) {
      damaged("has " + std::to_string(file_.size()) + " bytes and no zip directory at its end",
              "the download was cut off");
    }
    count_ = u16(*end + 10);
    directory_ = u32(*end + 16);
    if (*end >= 20 && u32(*end - 20) == kZip64Locator) {
      const uint64_t zip64 = u64(*end - 12);
      if (u32(zip64) != kZip64End) damaged("its zip64 directory is not where the file says");
      count_ = u64(zip64 + 32);
      directory_ = u64(zip64 + 48);
    }
    if (count_ > kMaxRecords) damaged("it claims more than 1,000,000 zip records");
  }

  // Returns where the next entry begins.
  uint64_t read_entry(uint64_t at, std::unordered_map<std::string, ZipRecord>& records) const {
    if (u32(at) != kCentralHeader) damaged("its zip directory is not where the file says");
    const uint64_t flags = u16(at + 8);
    const uint64_t method = u16(at + 10);
    uint64_t stored = u32(at + 20);
    uint64_t size = u32(at + 24);
    const uint64_t name_length = u16(at + 28);
    const uint64_t extra_length = u16(at + 30);
    const uint64_t comment_length = u16(at + 32);
    uint64_t local = u32(at + 42);
    const uint64_t name_at = at + 46;
    const uint64_t next = name_at + name_length + extra_length + comment_length;
    if (next > file_.size()) damaged("the zip directory points behind the end of the file");
    const std::string name(reinterpret_cast<const char*>(file_.data()) + name_at, name_length);

    for (uint64_t extra = name_at + name_length, end = extra + extra_length; extra + 4 <= end;) {
      const uint64_t field_end = extra + 4 + u16(extra + 2);
      if (field_end > end) damaged("a zip record has a damaged extra field");
      if (u16(extra) == 1) {
        uint64_t field = extra + 4;
        for (uint64_t* value : {&size, &stored, &local}) {
          if (*value != 0xFFFFFFFF) continue;
          if (field + 8 > field_end) damaged("a zip record has a damaged zip64 field");
          *value = u64(field);
          field += 8;
        }
      }
      extra = field_end;
    }

    const std::string shown = "zip record '" + printable(name.substr(0, 200)) + "'";
    if ((flags & 1) != 0) damaged(shown + " is encrypted", "torch.save did not write this file");
    if (method != 0 || stored != size) {
      damaged(shown + " is compressed, and weights are stored plain",
              "the file was zipped again by another program");
    }
    if (u32(local) != kLocalHeader) damaged(shown + " is not where the directory says");
    const uint64_t begin = local + 30 + u16(local + 26) + u16(local + 28);
    if (begin > file_.size() || size > file_.size() - begin) {
      damaged(shown + " reaches behind the end of the file");
    }
    if (!records.emplace(name, ZipRecord{begin, size}).second) {
      damaged(shown + " is in the directory twice");
    }
    return next;
  }

  std::span<const std::byte> file_;
  const std::string& where_;
  uint64_t count_ = 0, directory_ = 0;
};

}  // namespace

std::unordered_map<std::string, ZipRecord> read_zip_directory(std::span<const std::byte> file,
                                                              const std::string& where) {
  return ZipReader(file, where).read();
}

}  // namespace vigor
