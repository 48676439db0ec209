#include "lvlm/growing_answer.h"

#include <algorithm>

namespace vigor {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

}  // namespace

GrowingAnswer::GrowingAnswer(const Tokenizer& tokenizer, const std::vector<std::string>& stops)
    : decoder_(tokenizer), silent_(tokenizer.config().clean_up_tokenization_spaces), held_back_(0) {
  for (const std::string& stop : stops) {
    if (!stop.empty()) held_back_ = std::max(held_back_, stop.size() - 1);
  }
}

std::string GrowingAnswer::push(int id) {
  if (silent_) return "";
  decoder_.push(id);
  const std::string& text = decoder_.text();
  if (!started_) {
    given_ = std::min(text.find_first_not_of(kSpaces), text.size());
    started_ = given_ < text.size();
  }
  size_t end = text.size() - std::min(held_back_, text.size());
  // A character is given out whole.
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  // Space at the end is no part of an answer that ends here.
  while (end > given_ && kSpaces.find(text[end - 1]) != std::string_view::npos) --end;
  if (end <= given_) return "";
  std::string fresh = text.substr(given_, end - given_);
  given_ = end;
  return fresh;
}

}  // namespace vigor
