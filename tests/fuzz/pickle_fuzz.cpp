// Any bytes as a file of torch.save, and as its pickle alone: an Error, or entries whose bytes all
// lie in the file.
#include <cstdlib>

#include "base/error.h"
#include "model/pickle.h"
#include "model/pickle_machine.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  try {
    for (const vigor::TensorEntry& entry : vigor::parse_torch_file(file, "fuzz")) {
      if (entry.begin > entry.end || entry.end > size) std::abort();
      if (!vigor::tensor_bytes(entry.shape, entry.dtype)) std::abort();
    }
  } catch (const vigor::Error&) {
  }
  try {
    // Without the zip around it, mutations reach the machine far more often.
    vigor::run_pickle(file, "fuzz");
  } catch (const vigor::Error&) {
  }
  return 0;
}
