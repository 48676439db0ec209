// The tokenizer of LLaMA checkpoints: Hugging Face's slow LlamaTokenizer over sentencepiece.
//
// text/ turns words into ids and back: tokenizers (tokenizer.h, wordpiece.h), conversation
// templates (conversation.h), prompts with an image (prompt.h), training text (training_text.h).
// It knows neither tensors nor models.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer_config.h"

namespace vigor {

// Immutable after construction; const methods are thread-safe. Move-only.
class Tokenizer {
 public:
  // Reads tokenizer.model and, where they exist, tokenizer_config.json, added_tokens.json and
  // special_tokens_map.json. Throws Error naming the file.
  static Tokenizer load(const std::filesystem::path& folder);
  // `model` holds the bytes of a tokenizer.model; `where` names it in messages.
  Tokenizer(std::string_view model, TokenizerConfig config, const std::string& where);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // The ids of `text`, UTF-8 (invalid bytes count as U+FFFD). Added and special tokens in the text
  // become their ids. BOS comes first when `add_bos`; EOS last when the configuration asks for it
  // and `add_bos` is set (Hugging Face's add_special_tokens).
  std::vector<int> encode(std::string_view text, bool add_bos) const;

  // Text of the ids. Byte pieces that are no UTF-8 become U+FFFD; ids that no token has (padding
  // rows of the embedding, marks below 0) give no text. `skip_special` leaves special tokens out.
  std::string decode(std::span<const int> ids, bool skip_special) const;

  int unk_id() const;
  int bos_id() const;
  int eos_id() const;
  // Absent when the checkpoint names none.
  std::optional<int> pad_id() const;
  // One above the highest id: rows that an embedding must have at least.
  int vocab_size() const;
  // The id of an added or special token ("<image>"); absent for anything else.
  std::optional<int> id_of(std::string_view added_token) const;
  // The token as the vocabulary writes it ("\u2581dog", "<0x0A>"); "" for an id that no token has.
  std::string id_to_piece(int id) const;
  // True for pieces that stand for one byte ("<0x0A>"); such a text may be unfinished UTF-8.
  bool is_byte(int id) const;
  bool is_special(int id) const;
  // True for ids of added and special tokens, false for pieces of words.
  bool is_added(int id) const;

  const TokenizerConfig& config() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Throws Error when the tokenizer has ids that an embedding of `embedding_rows` rows lacks, or has
// added tokens with a gap below them.
// `where` names the checkpoint. More rows than ids are usual (padding rows).
void check_fits(const Tokenizer& tokenizer, int64_t embedding_rows, const std::string& where);

// The files that belong to a tokenizer folder, tokenizer.model first, for copying them.
const std::vector<std::string>& tokenizer_file_names();

// Removes the spaces that joining tokens leaves: before . ? ! , and in n't 'm 's 've 're
// (Hugging Face's clean_up_tokenization).
std::string clean_up_spaces(std::string text);

}  // namespace vigor
