// The file of a gate's rules. What is accepted is within the bounds that the tests rely on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "reports/gate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor;
  try {
    const reports::Gate gate = reports::parse_gate(
        parse_json(std::string_view(reinterpret_cast<const char*>(data), size), "gate.json"),
        "gate.json");
    if (gate.rules.empty() || !(gate.power > 0 && gate.power < 1)) std::abort();
    for (const reports::GateRule& rule : gate.rules) {
      if (!(rule.allowed_drop >= 0) || !(rule.level > 0 && rule.level <= 0.5)) std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
