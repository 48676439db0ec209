#include "run/checkpoint_hash.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "run/sha256.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr size_t kWhole = size_t{16} << 20;
constexpr size_t kEnd = size_t{1} << 20;
constexpr size_t kBlock = size_t{64} << 10;
constexpr size_t kBlocks = 256;
constexpr uint64_t kLargestHeader = 100'000'000;

bool counts(const fs::path& name) {
  static constexpr std::array kExtensions = {".json",  ".safetensors", ".bin",  ".pt",
                                             ".model", ".txt",         ".jinja"};
  return std::find(kExtensions.begin(), kExtensions.end(), name.extension()) != kExtensions.end();
}

// Both ends of every tensor: retraining one of them (a projector between frozen towers) changes
// them, wherever the evenly spread blocks fall.
void add_tensors(Sha256& hash, std::span<const std::byte> bytes, uint64_t header) {
  constexpr uint64_t kTensorEnd = 4096;
  const uint64_t start = 8 + header;
  if (start > bytes.size()) return;
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + 8;
  const Json tensors = Json::parse(text, text + header, nullptr, /*allow_exceptions=*/false);
  if (!tensors.is_object()) return;
  for (const auto& [name, tensor] : tensors.items()) {
    if (!tensor.is_object() || !tensor.contains("data_offsets")) continue;
    const Json& offsets = tensor["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      continue;
    }
    const uint64_t room = bytes.size() - start;
    const uint64_t first = std::min(offsets[0].get<uint64_t>(), room);
    const uint64_t last = std::clamp(offsets[1].get<uint64_t>(), first, room);
    const uint64_t end = std::min(kTensorEnd, last - first);
    hash.update(bytes.subspan(start + first, end));
    hash.update(bytes.subspan(start + last - end, end));
  }
}

void add_file(Sha256& hash, const std::string& name, const fs::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  hash.update(name + '\0' + std::to_string(bytes.size()) + '\0');
  if (bytes.size() <= kWhole) {
    hash.update(bytes);
    return;
  }
  size_t head = kEnd;
  if (path.extension() == ".safetensors") {
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header <= kLargestHeader && header <= bytes.size() - 8) {
      head = std::max<size_t>(head, 8 + header);
      add_tensors(hash, bytes, header);
    }
  }
  hash.update(bytes.first(std::min(head, bytes.size())));
  const size_t last_start = bytes.size() - kBlock;
  for (size_t i = 0; i < kBlocks; ++i) {
    // The division first: size times 256 stays far below 2^64, but 32-bit builds exist.
    const size_t start = last_start / kBlocks * i;
    hash.update(bytes.subspan(start, kBlock));
  }
  hash.update(bytes.last(kEnd));
}

}  // namespace

std::string checkpoint_hash(const fs::path& folder) {
  std::error_code code;
  Sha256 hash;
  if (fs::is_regular_file(folder, code)) {
    add_file(hash, folder.filename().string(), folder);
    return hash.hex();
  }
  std::vector<std::pair<std::string, fs::path>> found;
  auto iterator = fs::recursive_directory_iterator(
      folder, fs::directory_options::follow_directory_symlink, code);
  if (code) {
    throw Error({.what = "the checkpoint folder cannot be read: " + code.message(),
                 .where = printable(folder.string()),
                 .fix = "give the folder that has config.json and the weights"});
  }
  for (; iterator != fs::recursive_directory_iterator(); iterator.increment(code)) {
    if (code) break;
    const fs::path& path = iterator->path();
    const bool hidden = path.filename().string().starts_with('.');
    if (iterator->is_directory()) {
      // A checkpoint has a level or two; a loop of symbolic links or a whole disk does not count.
      if (hidden || iterator.depth() >= 3) iterator.disable_recursion_pending();
      continue;
    }
    if (hidden || !iterator->is_regular_file() || !counts(path)) continue;
    found.emplace_back(path.lexically_relative(folder).generic_string(), path);
  }
  if (code) {
    throw Error({.what = "the checkpoint folder cannot be read: " + code.message(),
                 .where = printable(folder.string())});
  }
  if (found.empty()) {
    throw Error({.what = "no checkpoint: the folder has neither config.json nor weights",
                 .where = printable(folder.string()),
                 .cause = "the path names another folder",
                 .fix = "give the folder that has config.json and the weights"});
  }
  std::sort(found.begin(), found.end());
  for (const auto& [name, path] : found) add_file(hash, name, path);
  return hash.hex();
}

}  // namespace vigor
