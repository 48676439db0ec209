// Prompts of an open-set detector: nouns as tokens, "[CLS] dog . traffic light . [SEP]".
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "text/wordpiece.h"

namespace vigor {

// Ids that the detector's network knows by their number (BERT's uncased vocabulary).
inline constexpr int kFullStopId = 1012;
inline constexpr int kQuestionMarkId = 1029;

// Rows of ids, padded to the longest; int64 [prompts, T] each, on the CPU.
struct PromptRows {
  at::Tensor ids, types, mask;
};
PromptRows make_prompt_rows(std::span<const std::vector<int>> rows, int pad);

// A noun's place in a prompt: tokens [begin, end).
struct NounSpan {
  size_t noun = 0;
  int64_t begin = 0, end = 0;
};
struct NounPrompt {
  std::vector<int> ids;
  std::vector<NounSpan> spans;
};

// The tokens of a noun without [CLS], [SEP] and what would end its phrase.
std::vector<int> noun_tokens(const WordPieceTokenizer& tokenizer, const std::string& noun);
// The nouns of `group` (indices into `nouns`, which are tokens), in its order.
NounPrompt make_noun_prompt(const WordPieceTokenizer& tokenizer,
                            std::span<const std::vector<int>> nouns, std::span<const size_t> group);

}  // namespace vigor
