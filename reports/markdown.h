// Markdown with text from outside in it.
#pragma once

#include <cstddef>
#include <string>

namespace vigor::reports {

// GitHub refuses a comment above 65,536 characters; a table or list is never cut in the middle.
inline constexpr size_t kMarkdownLimit = 60000;

// The text as a code span of at most `limit` bytes: nothing in it is markup, a mention or an issue
// number, and it cannot leave its table cell. "(empty)" for an empty one.
std::string code_span(const std::string& text, size_t limit = 160);

}  // namespace vigor::reports
