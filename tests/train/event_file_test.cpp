#include "train/event_file.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "base/files.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

// A reader of the format of its own, as far as the tests need it.
template <typename T>
T take(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

uint64_t take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = take<uint8_t>(bytes);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
}

std::vector<std::string> read_records(std::string_view bytes) {
  std::vector<std::string> records;
  while (!bytes.empty()) {
    const std::string_view head = bytes.substr(0, 8);
    const auto length = take<uint64_t>(bytes);
    EXPECT_EQ(take<uint32_t>(bytes), masked_crc32c(head));
    records.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
    EXPECT_EQ(take<uint32_t>(bytes), masked_crc32c(records.back()));
  }
  return records;
}

struct Event {
  double wall_time = 0;
  int64_t step = 0;
  std::string version, summary, session;
};

Event parse_event(std::string_view bytes) {
  Event event;
  while (!bytes.empty()) {
    const uint64_t tag = take_varint(bytes);
    if (tag == (1 << 3 | 1)) {
      event.wall_time = take<double>(bytes);
    } else if (tag == (2 << 3 | 0)) {
      event.step = static_cast<int64_t>(take_varint(bytes));
    } else {
      const uint64_t length = take_varint(bytes);
      std::string& field = tag >> 3 == 3   ? event.version
                           : tag >> 3 == 5 ? event.summary
                                           : event.session;
      field = bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return event;
}

TEST(EventFile, Crc32cOfTheStandardVectors) {
  // RFC 3720, appendix B.4.
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(EventFile, ReadsBackWithItsChecksums) {
  testing::TemporaryFolder folder;
  DiskFileSystem files;
  EventFile file(files, folder / "tensorboard", 1700000000.5, 1);
  EXPECT_EQ(file.path().filename(), "events.out.tfevents.1700000000.vigor.1");
  file.scalars(1700000001.0, 300, {{"train/loss", 2.5}, {"train/lr", 1e-3}});
  const auto records = read_records(read_file(file.path()));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(parse_event(records[0]).version, "brain.Event:2");
  EXPECT_EQ(parse_event(records[1]).step, 1);
  EXPECT_EQ(parse_event(records[1]).session, std::string("\x08\x01"));
  const Event event = parse_event(records[2]);
  EXPECT_EQ(event.wall_time, 1700000001.0);
  EXPECT_EQ(event.step, 300);
  std::string_view summary = event.summary;
  EXPECT_EQ(take_varint(summary), 1u << 3 | 2);
  const uint64_t length = take_varint(summary);
  std::string_view value = summary.substr(0, length);
  EXPECT_EQ(take_varint(value), 1u << 3 | 2);
  EXPECT_EQ(take_varint(value), 10u);
  EXPECT_EQ(value.substr(0, 10), "train/loss");
  value.remove_prefix(10);
  EXPECT_EQ(take_varint(value), 2u << 3 | 5);
  EXPECT_EQ(take<float>(value), 2.5f);
}

}  // namespace
}  // namespace vigor
