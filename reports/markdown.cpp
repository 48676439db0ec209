#include "reports/markdown.h"

#include <algorithm>

#include "base/error.h"

namespace vigor::reports {

// The fence is longer than any run of backticks inside; a bar would end a table cell even there.
std::string code_span(const std::string& text, size_t limit) {
  std::string plain = printable(text);
  if (plain.size() > limit) {
    while (limit > 0 && (static_cast<unsigned char>(plain[limit]) & 0xC0) == 0x80) --limit;
    plain = plain.substr(0, limit) + "\xE2\x80\xA6";
  }
  size_t longest = 0, here = 0;
  std::string safe;
  for (const char c : plain) {
    here = c == '`' ? here + 1 : 0;
    longest = std::max(longest, here);
    if (c == '|') {
      safe += "\xC2\xA6";
    } else {
      safe += c;
    }
  }
  if (safe.find_first_not_of(' ') == std::string::npos) return "(empty)";
  const std::string fence(longest + 1, '`');
  const bool pad = safe.front() == '`' || safe.back() == '`';
  return fence + (pad ? " " : "") + safe + (pad ? " " : "") + fence;
}

}  // namespace vigor::reports
