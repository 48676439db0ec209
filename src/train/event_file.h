// TensorBoard event files: TFRecords of protobuf Event messages, scalars only.
//
// A record is: length (u64), masked CRC-32C of the length, data, masked CRC-32C of the data, all
// little-endian. Formats: tensorflow/core/lib/io/record_writer.cc,
// tensorflow/core/util/event.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace vigor {

// CRC-32C (Castagnoli), and TensorFlow's masking of it.
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

// The bytes of one record.
std::string tensorboard_record(std::string_view data);
// One Event message. `wall_time` is seconds since 1970.
std::string version_event(double wall_time);
std::string scalars_event(double wall_time, int64_t step,
                          const std::vector<std::pair<std::string, double>>& scalars);
// Tells TensorBoard to drop what earlier files of the folder say about `step` and later: a run
// that goes on from a checkpoint writes those again.
std::string restart_event(double wall_time, int64_t step);

// One event file; every call appends whole records. Not thread-safe.
class EventFile {
 public:
  // Makes FOLDER/events.out.tfevents.SECONDS.vigor.STEP, STEP being the first that it will hold.
  EventFile(FileSystem& files, const std::filesystem::path& folder, double wall_time, int64_t step);
  void scalars(double wall_time, int64_t step,
               const std::vector<std::pair<std::string, double>>& scalars);
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<WritableFile> file_;
};

}  // namespace vigor
