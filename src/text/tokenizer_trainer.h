// Making a tokenizer from text, for small checkpoints that are trained from nothing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace vigor {

// Trains a BPE model as LLaMA's (byte fallback, digits split, space in front of the first word, ids
// 0/1/2 = unk/bos/eos) and writes tokenizer.model, tokenizer_config.json, special_tokens_map.json
// and added_tokens.json into `folder` (made when absent), with <image> = vocab_size and <pad> =
// vocab_size + 1, as llava-hf checkpoints have them. The same lines give the same bytes.
// vocab_size: at least 260 and the number of distinct characters more (3 special tokens, 256
// bytes). Throws Error: no text, a vocabulary that is too small or larger than the text can fill,
// files that cannot be written.
void train_tokenizer(const std::vector<std::string>& lines, int vocab_size,
                     const std::filesystem::path& folder, FileSystem& files);
// On the machine's disks.
void train_tokenizer(const std::vector<std::string>& lines, int vocab_size,
                     const std::filesystem::path& folder);

}  // namespace vigor
