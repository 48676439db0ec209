// What a remote detector is told and what it replies (docs/format-rewards.md).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vigor/detector.h"

namespace vigor {

// An instruction that a vision-language model understands, its last line a JSON list of the nouns
// for servers that read nothing else.
std::string detector_prompt(std::span<const std::string> nouns);

// The JSON schema of the reply, as chat endpoints take it: {"name", "schema"}.
Json detector_reply_schema();

// One finding for each noun from {"findings": [{"noun", "score", "box"}]}, in any order; a fence of
// ``` around it is allowed. Throws Error for anything that is not that: text beside it, a noun that
// is missing, unknown or twice, a score outside 0..1, a box that is no four numbers.
std::vector<NounFinding> read_detector_reply(std::string_view text,
                                             std::span<const std::string> nouns,
                                             const std::string& where);

}  // namespace vigor
