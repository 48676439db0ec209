// The text of an answer that is shown while it grows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/answer_decoder.h"

namespace vigor {

// Gives out the text that no later token changes: without the space around the answer, and without
// what may become a stop string. Joined, it is a beginning of the finished answer's text. The
// tokenizer must outlive it.
class GrowingAnswer {
 public:
  GrowingAnswer(const Tokenizer& tokenizer, const std::vector<std::string>& stops);

  // Appends one token; returns the new text, often "".
  std::string push(int id);

 private:
  AnswerDecoder decoder_;
  bool silent_;       // the text of this tokenizer changes when the answer is finished
  size_t held_back_;  // bytes at the end that may belong to a stop string
  size_t given_ = 0;  // bytes of the decoder's text that were given out or skipped
  bool started_ = false;
};

}  // namespace vigor
