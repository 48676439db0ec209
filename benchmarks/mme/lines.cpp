#include "benchmarks/mme/lines.h"

#include "base/error.h"
#include "base/utf8.h"

namespace vigor::mme {

std::string at_line(const std::string& where, size_t line) {
  return where + ":" + std::to_string(line);
}

std::vector<std::string_view> text_lines(std::string_view bytes, const std::string& where) {
  refuse_utf16(bytes, where);
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  std::vector<std::string_view> lines;
  while (!bytes.empty()) {
    const size_t end = bytes.find_first_of("\r\n");
    lines.push_back(bytes.substr(0, end));
    if (!is_utf8(lines.back())) {
      throw Error({.what = "not valid UTF-8",
                   .where = at_line(where, lines.size()),
                   .cause = "the file is in another encoding, or is no text",
                   .fix = "save it as UTF-8"});
    }
    if (end == std::string_view::npos) break;
    const bool both = bytes.substr(end).starts_with("\r\n");
    bytes.remove_prefix(end + (both ? 2 : 1));
  }
  return lines;
}

std::vector<std::string_view> tab_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

}  // namespace vigor::mme
