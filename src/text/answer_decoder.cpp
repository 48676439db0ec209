#include "text/answer_decoder.h"

#include <algorithm>

namespace vigor {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";
// Below this many ids the whole window is decoded on each push.
constexpr size_t kWindow = 16;

}  // namespace

std::string AnswerDecoder::take(bool last) {
  std::string decoded = tokenizer_->decode(window_, true);
  size_t stable = decoded.size();
  if (!last && !window_.empty() && tokenizer_->is_byte(window_.back())) {
    // At most three bytes of a character can be waiting for their last; each shows as U+FFFD.
    for (int held = 0; held < 3; ++held) {
      if (!std::string_view(decoded).substr(0, stable).ends_with(kReplacement)) break;
      stable -= kReplacement.size();
    }
  }
  if (stable <= window_taken_) return "";
  std::string fresh = decoded.substr(window_taken_, stable - window_taken_);
  window_taken_ = stable;
  text_ += fresh;
  return fresh;
}

std::string AnswerDecoder::push(int id) {
  // Neither gives text, and bytes on both sides of them may be one character.
  if (tokenizer_->is_special(id) || tokenizer_->id_to_piece(id).empty()) return "";
  window_.push_back(id);
  std::string fresh = take(false);
  const auto is_word = [this](int each) {
    return !tokenizer_->is_byte(each) && !tokenizer_->is_added(each);
  };
  // Two pieces of words are context enough: only the first token and runs of bytes are decoded
  // by their neighbours.
  const size_t size = window_.size();
  if (size >= kWindow && is_word(window_[size - 1]) && is_word(window_[size - 2])) {
    window_.erase(window_.begin(), window_.end() - 2);
    window_taken_ = tokenizer_->decode(window_, true).size();
  }
  return fresh;
}

std::string AnswerDecoder::finish() {
  return take(true);
}

CutAnswer cut_at_stop(std::string_view text, const std::vector<std::string>& stop) {
  size_t end = std::string_view::npos;
  for (const std::string& each : stop) {
    if (!each.empty()) end = std::min(end, text.find(each));
  }
  return {std::string(text.substr(0, end)), end != std::string_view::npos};
}

}  // namespace vigor
