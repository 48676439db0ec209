#include <algorithm>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "model/safetensors.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Removes the temporary file unless the write was completed.
class Cleanup {
 public:
  Cleanup(FileSystem& files, const fs::path& path) : files_(files), path_(path) {}
  ~Cleanup() {
    if (done_) return;
    try {
      files_.remove(path_);
    } catch (...) {  // the first error is the one to report
    }
  }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  void done() { done_ = true; }

 private:
  FileSystem& files_;
  const fs::path& path_;
  bool done_ = false;
};

std::vector<const SafetensorsItem*> file_order(std::span<const SafetensorsItem> items) {
  std::vector<const SafetensorsItem*> order;
  for (const SafetensorsItem& item : items) order.push_back(&item);
  std::sort(order.begin(), order.end(), [](const SafetensorsItem* a, const SafetensorsItem* b) {
    const uint64_t size_a = dtype_size(a->dtype);
    const uint64_t size_b = dtype_size(b->dtype);
    return size_a != size_b ? size_a > size_b : a->name < b->name;
  });
  return order;
}

}  // namespace

void write_safetensors(FileSystem& files, const fs::path& path,
                       std::span<const SafetensorsItem> items,
                       const std::map<std::string, std::string>& metadata) {
  const std::string where = printable(path.string());
  const auto order = file_order(items);
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  std::set<std::string> names{"__metadata__"};
  for (const SafetensorsItem* item : order) {
    const auto bytes = tensor_bytes(item->shape, item->dtype);
    if (!bytes || !names.insert(item->name).second) {
      throw Error({.what = "tensor '" + printable(item->name) + "' of shape " +
                           shape_text(item->shape) +
                           (bytes ? " has a name that is taken" : " is too large to be written"),
                   .where = where,
                   .fix = "give every tensor its own name and a real shape"});
    }
    header[item->name] = {{"dtype", dtype_name(item->dtype)},
                          {"shape", item->shape},
                          {"data_offsets", {offset, offset + *bytes}}};
    offset += *bytes;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kMaxSafetensorsHeader) {
    throw Error({.what = "the header has " + std::to_string(text.size()) +
                         " bytes, at most 100,000,000 are allowed",
                 .where = where,
                 .fix = "write the tensors into several files"});
  }

  fs::path temporary = path;
  temporary += ".tmp";
  Cleanup cleanup(files, temporary);
  const std::unique_ptr<WritableFile> file = files.create(temporary);
  char length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<char>(text.size() >> (8 * i) & 0xFF);
  file->write({length, sizeof length});
  file->write(text);
  for (const SafetensorsItem* item : order) {
    const uint64_t expected = *tensor_bytes(item->shape, item->dtype);
    uint64_t written = 0;
    item->produce([&](std::span<const std::byte> bytes) {
      written += bytes.size();
      if (written <= expected) file->write(text_of(bytes));
    });
    if (written != expected) {
      throw Error({.what = "tensor '" + printable(item->name) + "' gave " +
                           std::to_string(written) + " bytes, its shape " +
                           shape_text(item->shape) + " needs " + std::to_string(expected),
                   .where = where});
    }
  }
  file->sync();
  files.rename(temporary, path);
  cleanup.done();
  files.sync_directory(path.parent_path().empty() ? fs::path(".") : path.parent_path());
}

}  // namespace vigor
