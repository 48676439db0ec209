// Any bytes as a safetensors file: an Error, or entries whose bytes all lie in the file.
#include <cstdlib>

#include "base/error.h"
#include "model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  try {
    for (const vigor::TensorEntry& entry : vigor::parse_safetensors(file, "fuzz").tensors) {
      const auto bytes = vigor::tensor_bytes(entry.shape, entry.dtype);
      if (!bytes || entry.begin > entry.end || entry.end > size) std::abort();
      if (entry.end - entry.begin != *bytes) std::abort();
    }
  } catch (const vigor::Error&) {
  }
  return 0;
}
