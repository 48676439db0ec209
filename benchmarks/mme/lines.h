// Lines of MME's text files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vigor::mme {

// Text between line ends (LF, CRLF or a lone CR, as Python reads text files); no line after the
// last end. A byte order mark at the start is dropped. Throws Error naming `where` and the line for
// bytes that are not UTF-8, and the file when it is UTF-16.
std::vector<std::string_view> text_lines(std::string_view bytes, const std::string& where);

// Fields between tabs.
std::vector<std::string_view> tab_fields(std::string_view line);

// "FILE:LINE", from 1.
std::string at_line(const std::string& where, size_t line);

}  // namespace vigor::mme
