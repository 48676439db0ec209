#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace vigor::language {

// Calls line(number, text) for each line that is not empty; LF or CRLF; numbers from 1.
template <typename Line>
void for_each_line(std::string_view bytes, const Line& line) {
  for (size_t number = 1; !bytes.empty(); ++number) {
    const size_t end = bytes.find('\n');
    std::string_view text = bytes.substr(0, end);
    bytes = end == std::string_view::npos ? std::string_view{} : bytes.substr(end + 1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!text.empty()) line(number, text);
  }
}

// The fields of a line; an empty line has one, empty.
inline std::vector<std::string_view> split(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  for (size_t begin = 0; begin <= line.size();) {
    const size_t end = std::min(line.find(separator, begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

}  // namespace vigor::language
