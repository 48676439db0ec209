// A stage of the training loop: files in, one file out, known by a hash of its settings and inputs,
// so that a stage runs again only when something that it depends on has changed.
//
// Beside OUT lies OUT.stage.json: {"stage", "version", "settings", "inputs": {NAME: SHA-256},
// "output": SHA-256, "summary"}. It is written after OUT, so that a stage that was killed between
// the two runs again, to the same bytes.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/json.h"

namespace vigor {

struct StageKey {
  std::string stage;  // "select"
  int version = 1;    // of the stage's rule: raised when the same inputs give another output
  Json settings;
  std::map<std::string, std::filesystem::path> inputs;  // by their name in the settings
};

// The summary of the run before when OUT is what this key makes; nullopt when it has to be made.
// Throws Error when an input is missing or unreadable.
std::optional<Json> up_to_date(const StageKey& key, const std::filesystem::path& out);

// Writes OUT and its record. Throws Error as write_atomic does.
void finish_stage(FileSystem& files, const StageKey& key, const std::filesystem::path& out,
                  std::string_view bytes, const Json& summary);

}  // namespace vigor
