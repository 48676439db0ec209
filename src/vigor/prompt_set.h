// Phrasings of one request, of which each picture gets its own: a model that was always asked in
// the same words learns the words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigor {

// Text, one phrasing a line; blank lines and lines that begin with '#' are none. Or JSON (the first
// character is '{', '[' or '"'): lines, or one array, of strings or of {"prompt": TEXT}. White
// space at both ends is cut off. Throws Error naming file and line: none at all, one that is there
// twice, one that is empty, no UTF-8 or holds "<image>", whose place the conversation template
// knows.
std::vector<std::string> parse_prompts(std::string_view bytes, const std::string& where);

// The one of the picture: uniform, by the seed and the picture's name alone.
const std::string& drawn_prompt(const std::vector<std::string>& prompts, uint64_t seed,
                                const std::string& image);

}  // namespace vigor
