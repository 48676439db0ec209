// Text of an answer while it grows.
#pragma once

#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace vigor {

// After every push, text() is the longest beginning of the answer that no later token can change;
// finish() adds what was held back (the bytes of an unfinished character, as U+FFFD). The end
// result equals Tokenizer::decode(ids, true) for configurations without space clean-up. Cost of a
// push does not grow with the answer. Not thread-safe; the tokenizer must outlive it.
class AnswerDecoder {
 public:
  explicit AnswerDecoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  // Appends one token and returns the new text, often "".
  std::string push(int id);
  std::string finish();
  const std::string& text() const { return text_; }

 private:
  std::string take(bool last);

  const Tokenizer* tokenizer_;
  std::string text_;
  // The newest ids, enough for their decoding to be that of the whole answer.
  std::vector<int> window_;
  size_t window_taken_ = 0;  // bytes of decode(window_) that text_ has
};

// The answer before the first of the stop strings, and whether one was found. Empty stop strings
// are ignored.
struct CutAnswer {
  std::string text;
  bool stopped = false;
};
CutAnswer cut_at_stop(std::string_view text, const std::vector<std::string>& stop);

}  // namespace vigor
