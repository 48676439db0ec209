// A judge's configuration (docs/format-judge.md): from a file, or from an address, to the options
// of the client.
//
// Keys come from the environment or from files that nobody else may read. A configuration that
// holds one is refused, and no message repeats what may be one.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "judges/client/http_chat.h"
#include "judges/judge/environment.h"

namespace vigor {

// Whether keys are fetched, or only named correctly (who only reads the cache needs none).
enum class Keys { kFetch, kLeave };

// Paths in the configuration are relative to `folder`; `where` names it in messages. Throws Error
// (usage for unknown keys).
HttpChatOptions parse_judge_config(const Json& config, const std::string& where,
                                   const std::filesystem::path& folder,
                                   const Environment& environment, Keys keys);

HttpChatOptions read_judge_config(const std::filesystem::path& file, const Environment& environment,
                                  Keys keys);

// "http(s)://host/v1#model"; the key is VIGOR_API_KEY's when that is set.
bool is_endpoint_address(const std::string& text);
HttpChatOptions parse_endpoint_address(const std::string& address, const Environment& environment,
                                       Keys keys);

}  // namespace vigor
