// What the JSON files beside a tokenizer.model say.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "text/added_tokens.h"

namespace vigor {

struct TokenizerConfig {
  // Adds a space in front of the text behind every special token, as the first release did.
  bool legacy = true;
  // encode() may put BOS in front / EOS behind; prompts ask for what is set here.
  bool add_bos_token = true;
  bool add_eos_token = false;
  // Non-legacy only: the text starts with a space, so that "Yes" is the piece of a word.
  bool add_prefix_space = true;
  // Decoded text loses the space before . ? ! , and English contractions.
  bool clean_up_tokenization_spaces = false;
  std::string unk_token = "<unk>";
  std::string bos_token = "<s>";
  std::string eos_token = "</s>";
  // Absent when the checkpoint has none.
  std::optional<std::string> pad_token;
  // Special tokens beside the four above.
  std::vector<std::string> additional_special_tokens;
  // Those with a given id. Special tokens that are missing here are found in the vocabulary, or
  // take the next free ids.
  std::vector<AddedToken> added_tokens;
};

// The text of each file; absent when there is no such file.
struct TokenizerFiles {
  std::optional<std::string> tokenizer_config = std::nullopt;    // tokenizer_config.json
  std::optional<std::string> added_tokens = std::nullopt;        // added_tokens.json
  std::optional<std::string> special_tokens_map = std::nullopt;  // special_tokens_map.json
};

// Reads the three files as Hugging Face does: a tokenizer_config.json with "added_tokens_decoder"
// is complete in itself; otherwise special_tokens_map.json wins over it and added_tokens.json
// gives the ids. `folder` names the files in messages. Throws Error: not JSON, a value of the wrong
// type, an id twice or out of range, a tokenizer class other than LLaMA's.
TokenizerConfig parse_tokenizer_config(const TokenizerFiles& files,
                                       const std::filesystem::path& folder);

}  // namespace vigor
