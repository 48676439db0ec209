// SentenceSplitter::split_finely.
#include <algorithm>

#include "language/sentences.h"
#include "language/unicode.h"

namespace vigor::language {
namespace {

bool is_bullet(char32_t c) {
  return c == 0x2022 || c == 0x25CF || c == 0x25AA || c == 0x2023 || c == 0xB7;
}

// "1." or "(2)" or "-": a list mark without its text.
bool is_list_mark(const std::vector<Character>& text, size_t begin, size_t end) {
  const auto is_mark = [](const Character& c) {
    return is_decimal(c.code) || is_bullet(c.code) || c.code == '.' || c.code == ')' ||
           c.code == '(' || c.code == '-' || c.code == '*';
  };
  return end - begin <= 4 && std::all_of(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                         text.begin() + static_cast<std::ptrdiff_t>(end), is_mark);
}

// A stop between a word of at least two lower-case letters and a capital: "dog.The", "dog.A cat".
bool is_glued_stop(const std::vector<Character>& text, size_t i) {
  const char32_t c = text[i].code;
  if ((c != '.' && c != '?' && c != '!') || i < 2 || i + 2 >= text.size()) return false;
  if (!is_lower(text[i - 1].code) || !is_lower(text[i - 2].code)) return false;
  return is_upper(text[i + 1].code) && (is_lower(text[i + 2].code) || is_space(text[i + 2].code));
}

}  // namespace

std::vector<Span> SentenceSplitter::split_finely(std::string_view text) const {
  std::vector<Span> pieces;
  for (const Span& sentence : split(text)) {
    const std::vector<Character> characters =
        decode(text.substr(sentence.begin, sentence.end - sentence.begin));
    size_t begin = 0;
    const auto finish = [&](size_t end) {
      size_t first = begin, last = end;
      while (first < last && is_space(characters[first].code)) ++first;
      while (last > first && is_space(characters[last - 1].code)) --last;
      begin = end;
      if (first == last) return;
      const Span piece{sentence.begin + characters[first].bytes.begin,
                       sentence.begin + characters[last - 1].bytes.end};
      pieces.push_back(piece);
    };
    for (size_t i = 0; i < characters.size(); ++i) {
      if (characters[i].code == '\n' || is_bullet(characters[i].code)) {
        finish(i);
      } else if (is_glued_stop(characters, i)) {
        finish(i + 1);
      }
    }
    finish(characters.size());
  }

  // Punkt ends a sentence after "1.": its text follows on the same line.
  std::vector<Span> joined;
  for (const Span& piece : pieces) {
    if (!joined.empty()) {
      Span& before = joined.back();
      const std::string_view mark = text.substr(before.begin, before.end - before.begin);
      const std::string_view between = text.substr(before.end, piece.begin - before.end);
      const std::vector<Character> characters = decode(mark.substr(0, 17));
      if (mark.size() <= 16 && is_list_mark(characters, 0, characters.size()) &&
          between.find('\n') == std::string_view::npos) {
        before.end = piece.end;
        continue;
      }
    }
    joined.push_back(piece);
  }
  return joined;
}

}  // namespace vigor::language
