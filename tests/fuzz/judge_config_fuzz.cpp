// Judge configurations and addresses, and what was spent. Keys are left where they are: a
// configuration names files.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "judges/client/spending_file.h"
#include "judges/judge/judge_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const Environment none = [](const std::string&) { return std::nullopt; };
  try {
    parse_judge_config(parse_json(input, "judge.json"), "judge.json", "configs", none,
                       Keys::kLeave);
  } catch (const Error&) {
  }
  try {
    parse_endpoint_address(input, none, Keys::kLeave);
  } catch (const Error&) {
  }
  try {
    parse_spending(input, "judge_spending.json", "USD");
  } catch (const Error&) {
  }
  return 0;
}
