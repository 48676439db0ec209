// Characters as Python's `str` and `re` class them, which is what NLTK's rules are written in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "language/span.h"

namespace vigor::language {

struct Character {
  char32_t code = 0;
  Span bytes;
};

// Any bytes are allowed: a byte that is not part of valid UTF-8 is U+FFFD, one byte long.
std::vector<Character> decode(std::string_view text);
// The first character of a text that is not empty.
Character decode_first(std::string_view text);

bool is_space(char32_t c);    // str.isspace, \s
bool is_word(char32_t c);     // \w: letters, digits, numerals, underscore
bool is_decimal(char32_t c);  // \d
bool is_digit(char32_t c);    // str.isdigit: \d and superscripts
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_letter(char32_t c);  // str.isalpha

// str.lower(); invalid UTF-8 becomes U+FFFD unless all bytes are ASCII.
std::string lower(std::string_view text);
// The last `count` characters, or the whole text.
std::string_view last_characters(std::string_view text, size_t count);

}  // namespace vigor::language
