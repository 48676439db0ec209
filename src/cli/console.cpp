#include "cli/console.h"

namespace vigor {

void Console::note(std::string_view text) const {
  *err << "note: " << printable(text) << std::endl;
}

void Console::warn(std::string_view text) const {
  *err << "warning: " << printable(text) << std::endl;
}

std::string error_block(const Error& error) {
  return "error: " + std::string(error.what()) + "\n";
}

}  // namespace vigor
