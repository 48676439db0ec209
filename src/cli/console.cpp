#include "cli/console.h"

namespace vigor {

namespace {

// A line of progress may stand there, which is drawn again below.
std::string_view fresh_line(const Console& console) {
  return console.err_is_terminal ? "\r\x1b[K" : "";
}

}  // namespace

void Console::note(std::string_view text) const {
  *err << fresh_line(*this) << "note: " << printable(text) << std::endl;
}

void Console::warn(std::string_view text) const {
  *err << fresh_line(*this) << "warning: " << printable(text) << std::endl;
}

std::string error_block(const Error& error) {
  return "error: " + std::string(error.what()) + "\n";
}

}  // namespace vigor
