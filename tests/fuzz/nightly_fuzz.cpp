// The configuration of the nightly job and its night.json. What was read as a night is written and
// read again as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "nightly/config.h"
#include "nightly/night.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor;
  Json document;
  try {
    document = parse_json(std::string_view(reinterpret_cast<const char*>(data), size), "file.json");
  } catch (const Error&) {
    return 0;
  }
  try {
    const nightly::Night night = nightly::night_of_json(document, "night.json");
    const Json written = nightly::night_json(night);
    const Json again = nightly::night_json(
        nightly::night_of_json(parse_json(dump_json(written), "night.json"), "night.json"));
    if (again != written) std::abort();
  } catch (const Error&) {
  }
  // A name of a gate's file would be opened: gate_fuzz has the files.
  if (document.is_object() && document.contains("gate") && document["gate"].is_string()) return 0;
  try {
    const nightly::Config config = nightly::parse_config(document, "jobs/nightly.json");
    if (config.benchmarks.empty() || config.keep_days < 0) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
