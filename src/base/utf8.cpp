#include "base/utf8.h"

#include "base/error.h"

namespace vigor {

size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char c = byte(0);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return follows(1) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (c == 0xE0 && byte(1) < 0xA0) return 0;
    if (c == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (c == 0xF0 && byte(1) < 0x90) return 0;
    if (c == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void refuse_utf16(std::string_view bytes, const std::string& where) {
  using namespace std::string_view_literals;
  const bool utf32 = bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv);
  const bool marked = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
  const bool unmarked = bytes.size() >= 2 && (bytes[0] == '\0') != (bytes[1] == '\0');
  if (!utf32 && !marked && !unmarked) return;
  const std::string encoding = utf32 ? "UTF-32" : "UTF-16";
  throw Error({.what = "the file is " + encoding + ", and UTF-8 is read",
               .where = where,
               .cause = "it was saved as \"Unicode\", or written by > in an older PowerShell",
               .fix = "convert it: iconv -f " + encoding + " -t UTF-8 FILE > NEW"});
}

}  // namespace vigor
