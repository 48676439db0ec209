// Caption files that are ranked.
#include "base/error.h"
#include "benchmarks/captions/candidates.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    vigor::captions::parse_candidate({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const vigor::Error&) {
  }
  return 0;
}
