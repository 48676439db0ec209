#include "text/added_tokens.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace vigor {
namespace {

// What Python's str.strip() removes.
bool is_space(UChar32 c) {
  return (c >= 0x1c && c <= 0x1f) || (c >= 0 && u_isUWhiteSpace(c));
}

void strip_left(std::string& text) {
  int32_t at = 0;
  const int32_t size = static_cast<int32_t>(text.size());
  while (at < size) {
    int32_t next = at;
    UChar32 c = 0;
    U8_NEXT(text.data(), next, size, c);
    if (!is_space(c)) break;
    at = next;
  }
  text.erase(0, at);
}

void strip_right(std::string& text) {
  int32_t at = static_cast<int32_t>(text.size());
  while (at > 0) {
    int32_t before = at;
    UChar32 c = 0;
    U8_PREV(text.data(), 0, before, c);
    if (!is_space(c)) break;
    at = before;
  }
  text.resize(at);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].content.empty()) continue;
    by_first_byte_[static_cast<unsigned char>(tokens_[i].content[0])].push_back(i);
    by_id_.emplace(tokens_[i].id, i);
  }
  for (auto& bucket : by_first_byte_) {
    std::stable_sort(bucket.begin(), bucket.end(), [this](size_t a, size_t b) {
      return tokens_[a].content.size() > tokens_[b].content.size();
    });
  }
}

const AddedToken* AddedTokens::match(std::string_view text) const {
  for (const size_t i : by_first_byte_[static_cast<unsigned char>(text[0])]) {
    if (text.starts_with(tokens_[i].content)) return &tokens_[i];
  }
  return nullptr;
}

std::vector<AddedTokens::Segment> AddedTokens::split(std::string_view text) const {
  std::vector<Segment> segments;
  size_t start = 0;
  for (size_t at = 0; at < text.size();) {
    const AddedToken* token = match(text.substr(at));
    if (token == nullptr) {
      ++at;
      continue;
    }
    if (at > start) segments.push_back({std::string(text.substr(start, at - start)), nullptr});
    segments.push_back({token->content, token});
    at += token->content.size();
    start = at;
  }
  if (start < text.size()) segments.push_back({std::string(text.substr(start)), nullptr});

  for (size_t i = 0; i < segments.size(); ++i) {
    const AddedToken* token = segments[i].token;
    if (token == nullptr) continue;
    // A neighbour that is an added token itself is taken as it stands.
    std::string* left = i > 0 ? &segments[i - 1].text : nullptr;
    std::string* right = i + 1 < segments.size() ? &segments[i + 1].text : nullptr;
    if (token->rstrip && right != nullptr && segments[i + 1].token == nullptr) strip_left(*right);
    if (token->lstrip && left != nullptr && segments[i - 1].token == nullptr) strip_right(*left);
    if (!token->single_word) continue;
    if (left != nullptr && !left->empty() && left->back() != ' ') {
      *left += token->content;
      segments[i - 1].token = nullptr;
      segments[i] = {};
    } else if (right != nullptr && !right->empty() && right->front() != ' ') {
      *right = token->content + *right;
      segments[i + 1].token = nullptr;
      segments[i] = {};
    }
  }
  std::erase_if(segments, [](const Segment& s) { return s.text.empty(); });
  return segments;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const AddedToken* found = content.empty() ? nullptr : match(content);
  return found != nullptr && found->content == content ? found : nullptr;
}

const AddedToken* AddedTokens::find(int id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

}  // namespace vigor
