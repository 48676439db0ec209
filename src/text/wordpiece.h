// BERT's tokenizer: lower case, accents removed, punctuation split, greedy WordPiece.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/added_tokens.h"

namespace vigor {

// Hugging Face's slow BertTokenizer with do_lower_case. Immutable; const methods are thread-safe.
class WordPieceTokenizer {
 public:
  // vocab.txt, one token a line, the line number from 0 its id. Throws Error when the file is
  // missing or lacks one of [PAD] [UNK] [CLS] [SEP] [MASK].
  static WordPieceTokenizer load(const std::filesystem::path& vocab);
  // `text` holds the content of a vocab.txt; `where` names it in messages.
  WordPieceTokenizer(std::string_view text, const std::string& where);

  // [CLS] ... [SEP]. UTF-8 in; invalid bytes are dropped.
  std::vector<int> encode(std::string_view text) const;
  // Pieces joined, spaces cleaned up. Ids that no token has give no text.
  std::string decode(std::span<const int> ids, bool skip_special) const;

  int pad_id() const { return pad_; }
  int unk_id() const { return unk_; }
  int cls_id() const { return cls_; }
  int sep_id() const { return sep_; }
  int mask_id() const { return mask_; }
  int vocab_size() const { return static_cast<int>(tokens_.size()); }
  // "" for an id that no token has.
  std::string id_to_token(int id) const;

 private:
  void encode_word(std::string_view word, std::vector<int>& ids) const;

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::vector<std::string> tokens_;
  std::unordered_map<std::string, int, Hash, std::equal_to<>> ids_;
  AddedTokens special_;
  int pad_ = 0, unk_ = 0, cls_ = 0, sep_ = 0, mask_ = 0;
};

}  // namespace vigor
