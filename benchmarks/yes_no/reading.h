// Readings of an answer that the benchmarks share. Linear in the length; any bytes are allowed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/yes_no/dialect.h"

namespace vigor::yes_no {

// Bytes of the white space character at the start of `text`, 0 when there is none. The set is that
// of Python's str.split() and str.strip(), which the tools use.
size_t space_length(std::string_view text);
// Words between white space.
std::vector<std::string> split_at_spaces(std::string_view text);
// Without white space at both ends.
std::string_view trimmed(std::string_view text);
std::string lower_ascii(std::string_view text);

// VLMEvalKit's YOrN_Extraction: one of the words "yes" and "no", not both.
Decision read_vlmeval(std::string_view answer);
// The first word is yes or no, and is not taken back at once.
Decision read_strict(std::string_view answer);

}  // namespace vigor::yes_no
