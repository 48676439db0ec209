// Writing a checkpoint as the Hugging Face folder that transformers, vLLM and llama.cpp read.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"

namespace vigor {

// A tensor to be saved. `make` is called once, when its turn comes, so that a checkpoint larger
// than memory can be written; what it returns must have this shape and dtype, on any device.
struct TensorToSave {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<int64_t> shape;
  std::function<at::Tensor()> make;
};

// `dtype` is what the file holds; the conversion happens when the tensor is written. The tensor is
// kept alive until then.
TensorToSave tensor_to_save(std::string name, at::Tensor tensor);
TensorToSave tensor_to_save(std::string name, at::Tensor tensor, at::ScalarType dtype);

struct HfFolderOptions {
  // A shard holds at most so many bytes of tensors; one larger tensor gets its own shard.
  uint64_t max_shard_bytes = 5'000'000'000;
  // Replace a folder that is there already (atomically); otherwise that is an error.
  bool replace = false;
  // Files copied beside the weights: tokenizer.model, preprocessor_config.json, ...
  std::vector<std::filesystem::path> copies = {};
};

// Writes model.safetensors (or model-0000k-of-0000n.safetensors and its index), config.json and
// the copies into FOLDER.tmp, syncs, and renames: FOLDER is complete or not there. Shards are
// filled in the order of `tensors`. Tied weights are the caller's: save each once. Throws Error
// (folder there already, no space left, not writable, copy missing, a name given twice).
void save_hf_folder(FileSystem& files, const std::filesystem::path& folder, const Json& config,
                    std::span<const TensorToSave> tensors, const HfFolderOptions& options = {});

// One file, atomically; `metadata` as transformers wants it ({"format": "pt"}).
void save_safetensors(FileSystem& files, const std::filesystem::path& file,
                      std::span<const TensorToSave> tensors);

}  // namespace vigor
