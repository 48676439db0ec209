#include "run/last_error.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"

namespace vigor {

std::string last_error(const std::filesystem::path& log, uint64_t from) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(log, none)) return "";
  const std::string text = read_file(log);
  const size_t error = text.rfind("error: ");
  if (error == std::string::npos || error < from) return "";
  std::string words = text.substr(error + 7, 400);
  std::replace(words.begin(), words.end(), '\n', ' ');
  while (!words.empty() && words.back() == ' ') words.pop_back();
  return printable(words);
}

}  // namespace vigor
