// Opens a judge from what was typed: the client, with the cache before it.
//
// judge/ joins client/ and cache/ by a configuration file (configs/judges, docs/format-judge.md).
// It reads no environment: what holds keys is passed in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "judges/chat/chat.h"
#include "judges/judge/environment.h"

namespace vigor {

struct JudgeOptions {
  // One of
  //   FILE.json                  a configuration (docs/format-judge.md)
  //   http(s)://host/v1#model    an endpoint by its address; key from VIGOR_API_KEY when it is set
  //   recorded:FILE.jsonl        exported replies; asks nobody, needs no key
  std::string config = {};
  // "off": no cache; "read": never asks, what is not cached is an error reply; "write": asks what
  // is not cached and keeps it.
  std::string cache_mode = "write";
  // SQLite file; needed unless the mode is off. Made by mode "write", with its folder.
  std::filesystem::path cache_file = {};
  // Currency units of the configuration's price table that may be spent (> 0); unset: no limit.
  std::optional<double> budget = {};
  // As in HttpChatOptions: what was spent, over all starts of a run.
  std::filesystem::path spending_file = {};
  // Seconds from opening after which nothing more is asked (> 0); unset: no limit.
  std::optional<double> deadline_s = {};
  // Tries of one request, the first included (1 or more); unset: the configuration's.
  std::optional<int> max_tries = {};
  // Folders of configurations, shown to who names a judge that is none; those that are not there
  // are passed over.
  std::vector<std::filesystem::path> known_configs = {};
};

struct JudgeContext {
  Environment environment = [](const std::string&) { return std::nullopt; };
  Clock clock = steady_clock();
  // Of the waits between tries; processes that ask one endpoint together need different ones.
  uint64_t jitter_seed = 0;
  // As in HttpChatEnvironment.
  std::function<void(const std::string& words)> trouble = nullptr;
};

// Throws Error when the configuration is broken, a key is missing or lies open to others, or the
// cache cannot be used. No message holds a key.
std::unique_ptr<ChatClient> open_judge(const JudgeOptions& options, const JudgeContext& context);

}  // namespace vigor
