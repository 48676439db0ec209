// The weights of a checkpoint as tensors that live in the memory-mapped files.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model/weights_format.h"

namespace vigor {

// Opening reads headers alone (milliseconds for any size); data come from the disk when they are
// first used, and the kernel can drop them again, so weights never count twice in memory.
// Cheap to copy; copies share the maps. Const methods may be called from several threads.
class Weights {
 public:
  // A Hugging Face folder, or one weight file. Taken in this order: model.safetensors,
  // model.safetensors.index.json with its shards, pytorch_model.bin, pytorch_model.bin.index.json
  // with its shards. Throws Error: none of them there, a shard missing, a tensor that the index
  // promises and its shard does not hold, and what parse_safetensors and parse_torch_file throw.
  static Weights open(const std::filesystem::path& folder);
  // One file: *.safetensors, or else a file of torch.save.
  static Weights open_file(const std::filesystem::path& file);

  bool has(const std::string& name) const;
  // The tensor with its dtype on disk, on the CPU: a view of the mapped file that keeps the map
  // alive. READ-ONLY memory: writing into it crashes; copy it (`.to(...)`, `.clone()`) first.
  // Copied here only when it is not row-major or not aligned for its dtype. Throws Error when
  // there is none (names the nearest) or its shape is another (says both).
  at::Tensor get(const std::string& name, at::IntArrayRef shape) const;
  at::Tensor get(const std::string& name) const;

  std::vector<std::string> names() const;  // sorted
  at::ScalarType dtype(const std::string& name) const;
  std::vector<int64_t> shape(const std::string& name) const;
  // Bytes of all tensors.
  uint64_t total_bytes() const;
  // The weight files in the order in which they were opened.
  std::vector<std::filesystem::path> files() const;

 private:
  struct State;
  explicit Weights(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

at::ScalarType scalar_type(Dtype dtype);
// Throws Error for a type that weight files do not hold (complex, quantised).
Dtype dtype_of(at::ScalarType type);

}  // namespace vigor
