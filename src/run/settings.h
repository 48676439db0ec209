// Comparing the settings of two runs key by key.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace vigor {

struct SettingDifference {
  std::string key;     // dotted: "model.checkpoint_hash", "questions.0.sha256"
  std::string before;  // JSON text, or "(not set)"
  std::string after;
};

// Every leaf that differs, in the order of the keys; empty when the two say the same.
std::vector<SettingDifference> setting_differences(const Json& before, const Json& after);

// "dialect: was "official", now "lmms"; seed: was 0, now 1" (at most 8, then how many more).
std::string describe(const std::vector<SettingDifference>& differences);

}  // namespace vigor
