// Opens a model by what the user wrote after --model.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "judges/judge/environment.h"
#include "lvlm/lvlm.h"
#include "lvlm/native.h"

namespace vigor {

struct LvlmOptions : NativeOptions {
  // For models behind an endpoint: where VIGOR_API_KEY is found, and a file (mode 600) with a key
  // that is taken instead; "": none.
  Environment environment = [](const std::string&) { return std::nullopt; };
  std::filesystem::path api_key_file = {};
  // As in HttpChatEnvironment, for models behind an endpoint.
  std::function<void(const std::string& words)> trouble = nullptr;
};

// `options.model` is what NativeOptions takes; "http(s)://host/v1#name", a model behind an
// endpoint; "endpoint:FILE.json", one with a configuration (docs/format-judge.md); or
// "recorded:ANSWERS.jsonl". For the latter three, of the native options only `system_prompt` and
// `clock` count. Throws Error when it cannot be opened.
std::unique_ptr<Lvlm> open_lvlm(const LvlmOptions& options);

// True for models that are not computed on this machine: its speed does not matter to them.
bool is_remote_model(std::string_view model);

}  // namespace vigor
