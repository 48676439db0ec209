#include "train/event_file.h"

#include <array>
#include <bit>
#include <cmath>

namespace vigor {
namespace {

std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0x82F63B78u : 0u);
    table[i] = value;
  }
  return table;
}

template <typename T>
void put_little_endian(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// Protobuf's wire format: a tag is (field << 3) | type.
enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_tag(std::string& out, uint32_t field, WireType type) {
  put_varint(out, (field << 3) | type);
}

void put_bytes(std::string& out, uint32_t field, std::string_view bytes) {
  put_tag(out, field, kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

// Event.wall_time = 1, Event.step = 2.
std::string event_head(double wall_time, int64_t step) {
  std::string out;
  put_tag(out, 1, kFixed64);
  put_little_endian(out, std::bit_cast<uint64_t>(wall_time));
  put_tag(out, 2, kVarint);
  put_varint(out, static_cast<uint64_t>(step));
  return out;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = make_table();
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return crc ^ 0xFFFFFFFFu;
}

uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u;
}

std::string tensorboard_record(std::string_view data) {
  std::string length;
  put_little_endian<uint64_t>(length, data.size());
  std::string out = length;
  put_little_endian(out, masked_crc32c(length));
  out += data;
  put_little_endian(out, masked_crc32c(data));
  return out;
}

std::string version_event(double wall_time) {
  std::string out = event_head(wall_time, 0);
  put_bytes(out, 3, "brain.Event:2");  // Event.file_version
  return out;
}

std::string scalars_event(double wall_time, int64_t step,
                          const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, number] : scalars) {
    std::string value;
    put_bytes(value, 1, tag);     // Summary.Value.tag
    put_tag(value, 2, kFixed32);  // Summary.Value.simple_value
    put_little_endian(value, std::bit_cast<uint32_t>(static_cast<float>(number)));
    put_bytes(summary, 1, value);
  }
  std::string out = event_head(wall_time, step);
  put_bytes(out, 5, summary);  // Event.summary
  return out;
}

std::string restart_event(double wall_time, int64_t step) {
  std::string session;
  put_tag(session, 1, kVarint);  // SessionLog.status = START
  put_varint(session, 1);
  std::string out = event_head(wall_time, step);
  put_bytes(out, 7, session);  // Event.session_log
  return out;
}

EventFile::EventFile(FileSystem& files, const std::filesystem::path& folder, double wall_time,
                     int64_t step) {
  const auto seconds = static_cast<long long>(std::floor(wall_time));
  path_ = folder /
          ("events.out.tfevents." + std::to_string(seconds) + ".vigor." + std::to_string(step));
  files.create_directories(folder);
  file_ = files.append(path_);
  file_->write(tensorboard_record(version_event(wall_time)) +
               tensorboard_record(restart_event(wall_time, step)));
}

void EventFile::scalars(double wall_time, int64_t step,
                        const std::vector<std::pair<std::string, double>>& scalars) {
  file_->write(tensorboard_record(scalars_event(wall_time, step, scalars)));
}

}  // namespace vigor
