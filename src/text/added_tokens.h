// Tokens that a tokenizer holds beside its trained vocabulary, and finding them in text.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vigor {

// As in tokenizer_config.json, "added_tokens_decoder".
struct AddedToken {
  std::string content;       // not empty
  int id = -1;               // row of the embedding, >= 0
  bool special = false;      // left out of decoded text on request
  bool lstrip = false;       // takes the white space on its left with it
  bool rstrip = false;       // takes the white space on its right with it
  bool single_word = false;  // not found directly behind or before other text
};

// Splits text at added tokens. Immutable and thread-safe after construction.
class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  struct Segment {
    std::string text;
    const AddedToken* token = nullptr;  // null: ordinary text; never with an empty text
  };
  // Leftmost match, the longest of those that start there; then the strip and single-word rules
  // in the order of Hugging Face's slow tokenizers. Segments point into this object.
  std::vector<Segment> split(std::string_view text) const;

  // nullptr when there is none.
  const AddedToken* find(std::string_view content) const;
  const AddedToken* find(int id) const;
  const std::vector<AddedToken>& all() const { return tokens_; }

 private:
  const AddedToken* match(std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<int, size_t> by_id_;
  // Indices into tokens_ by first byte, longest content first.
  std::array<std::vector<size_t>, 256> by_first_byte_;
};

}  // namespace vigor
