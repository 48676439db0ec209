// The one exception type of vigor-eval, and the exit codes of the program.
//
// base/ is the room everything else stands on: errors, JSON with good messages, files, random
// numbers, progress. It uses the standard library and nlohmann/json alone, so that model/ and
// engine/ build on a machine that has LibTorch and a compiler.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vigor {

// Exit codes of the program, documented in README.md.
enum class ExitCode : int {
  kDone = 0,  // done, or a gate passed
  kError = 1,
  kUsage = 2,
  kRegression = 3,
  kInconclusive = 4,
  kInterrupted = 130,
};

// An expected failure that ends the command: bad input, a full disk, a refused request.
// Every part is one sentence without a final full stop; `cause` and `fix` may be empty.
struct ErrorParts {
  std::string what{};   // "not valid JSON: unexpected end of input"
  std::string where{};  // "answers.jsonl:17"
  std::string cause{};  // "the file was cut off while it was written"
  std::string fix{};    // "write the file again, or remove line 17"
  ExitCode exit_code = ExitCode::kError;
};

class Error : public std::runtime_error {
 public:
  explicit Error(ErrorParts parts);
  const ErrorParts& parts() const { return parts_; }

 private:
  ErrorParts parts_;
};

// The candidate with the smallest edit distance to `name`, or "" when none is near enough to be
// meant (distance above a third of the length). For "unknown key X, did you mean Y".
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// Text from outside (model output, file names) made safe for a terminal: control characters and
// escape sequences are shown as \xNN, invalid UTF-8 as U+FFFD.
std::string printable(std::string_view text);

}  // namespace vigor
