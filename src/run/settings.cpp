#include "run/settings.h"

#include <algorithm>
#include <set>

namespace vigor {
namespace {

void compare(const std::string& key, const Json* before, const Json* after,
             std::vector<SettingDifference>& found) {
  if (before != nullptr && after != nullptr) {
    if (*before == *after) return;
    if (before->is_object() && after->is_object()) {
      std::set<std::string> names;
      for (const auto& [name, value] : before->items()) names.insert(name);
      for (const auto& [name, value] : after->items()) names.insert(name);
      for (const std::string& name : names) {
        compare(key.empty() ? name : key + "." + name,
                before->contains(name) ? &(*before)[name] : nullptr,
                after->contains(name) ? &(*after)[name] : nullptr, found);
      }
      return;
    }
    if (before->is_array() && after->is_array()) {
      for (size_t i = 0; i < std::max(before->size(), after->size()); ++i) {
        compare(key + "." + std::to_string(i), i < before->size() ? &(*before)[i] : nullptr,
                i < after->size() ? &(*after)[i] : nullptr, found);
      }
      return;
    }
  }
  const auto text = [](const Json* value) {
    return value == nullptr ? std::string("(not set)") : dump_json(*value);
  };
  found.push_back({key, text(before), text(after)});
}

}  // namespace

std::vector<SettingDifference> setting_differences(const Json& before, const Json& after) {
  std::vector<SettingDifference> found;
  compare("", &before, &after, found);
  return found;
}

std::string describe(const std::vector<SettingDifference>& differences) {
  constexpr size_t kShown = 8;
  std::string text;
  for (size_t i = 0; i < std::min(differences.size(), kShown); ++i) {
    const SettingDifference& one = differences[i];
    if (!text.empty()) text += "; ";
    text += printable(one.key) + ": was " + printable(one.before) + ", now " + printable(one.after);
  }
  if (differences.size() > kShown) {
    text += "; and " + std::to_string(differences.size() - kShown) + " more";
  }
  return text;
}

}  // namespace vigor
