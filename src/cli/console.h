// Where a command writes: results to `out`, progress, notes and errors to `err`.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/progress.h"

namespace vigor {

struct Console {
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool err_is_terminal = false;
  Clock clock;

  // A line for the human beside the result: "note: ...". Safe for a terminal.
  // On a terminal they take the place of a line of progress that stands there.
  void note(std::string_view text) const;
  void warn(std::string_view text) const;
  Progress progress() const { return Progress(err, {.terminal = err_is_terminal}, clock); }
};

// The block that every failure ends with:
//   error: answers.jsonl:17: not valid JSON: unexpected end of input
//     likely cause: the file was cut off while it was written
//     what to do: write the file again, or remove line 17
std::string error_block(const Error& error);

}  // namespace vigor
