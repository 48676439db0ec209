// The document of `train loop` and `sweep`: what is read is planned, over files that are all there
// and over none; every job takes results of earlier ones alone.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vigor/loop_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor;
  try {
    LoopConfig config = parse_loop_config(
        parse_json(std::string_view(reinterpret_cast<const char*>(data), size), "loop.json"),
        "loop.json");
    if (config.variants.size() * config.seeds.size() > 20) return 0;
    config.out = "no/such/folder";
    for (const bool there : {true, false}) {
      const LoopPlan loop =
          plan_loop(config, true, [&](const std::string& path) -> std::optional<std::string> {
            if (!there || path.starts_with("no/such")) return std::nullopt;
            return "content of " + path;
          });
      for (size_t i = 0; i < loop.plan.jobs().size(); ++i) {
        for (const size_t need : loop.plan.jobs()[i].needs) {
          if (need >= i) std::abort();
        }
      }
      plan_text(loop.plan);
      plan_json(loop.plan);
    }
  } catch (const Error&) {
  }
  return 0;
}
