// Tokens that some of an image's questions share behind what all of them share: the contexts of a
// caption's sentences are beginnings of one another, and captions begin alike.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vigor {

// A tree below the prefix of all questions. Only tokens that several answers need are in it, and
// never a question's last one, whose logits each answer wants for itself.
struct QuestionTree {
  std::vector<int64_t> ids;      // the shared tokens, parents first
  std::vector<int64_t> parents;  // of each: index into ids; -1: it follows the prefix
  std::vector<int64_t> depths;   // of each: tokens between the prefix and it
  std::vector<int64_t> leaves;   // of each question: the last shared token of it; -1: none
  // Tokens of all answers behind the prefix, and how many of them need not be computed.
  int64_t tokens = 0, saved = 0;
};

// `suffixes`: of each question, what follows the prefix (at least one token); `samples`: answers
// that are drawn to each.
QuestionTree question_tree(const std::vector<std::span<const int64_t>>& suffixes, int64_t samples);

}  // namespace vigor
