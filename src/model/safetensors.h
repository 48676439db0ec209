// The safetensors format: 8 bytes of header length (little-endian), a JSON header, raw data.
//
// Reading checks everything that the header claims against the file before any tensor is made.
// The format: https://github.com/huggingface/safetensors (README, "Format").
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "model/weights_format.h"

namespace vigor {

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  // in the order of their data
  std::map<std::string, std::string> metadata;
  uint64_t data_begin = 0;  // bytes from the start of the file
};

// Largest header that is read, in bytes (the limit of the reference implementation).
inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;

// Parses the header of a whole file (usually mapped; its data pages are not touched). `where`
// names the file in messages. Throws Error: cut-off file, header above 100 MB or not the JSON that
// the format wants, unknown dtype, name given twice, shape and bytes that do not match, tensors
// that overlap, a hole between them, bytes behind the last.
SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& where);

// A tensor to be written; `produce` is called once, in file order, and hands its bytes (row-major,
// little-endian, tensor_bytes() in all, in as many pieces as it likes) to the sink.
using ByteSink = std::function<void(std::span<const std::byte>)>;
struct SafetensorsItem {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;
  std::function<void(const ByteSink& sink)> produce;
};

// Writes a file atomically: into a temporary file beside it, synced, then renamed. Data are ordered
// by element size, largest first, then by name (as the reference implementation does), so that
// every tensor is aligned; the same items give the same bytes. Throws Error (no space left, not
// writable, a name given twice, an item that produces another number of bytes) and leaves nothing
// behind but what `path` held before.
void write_safetensors(FileSystem& files, const std::filesystem::path& path,
                       std::span<const SafetensorsItem> items,
                       const std::map<std::string, std::string>& metadata);

}  // namespace vigor
