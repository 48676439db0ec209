// Nouns packed into as few detector prompts as their tokens allow.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace vigor {

struct PromptPacking {
  size_t budget = 254;  // tokens of a prompt, each noun with the "." after it
  // Nouns with a token in common ("traffic light", "light") go to different prompts, where they
  // cannot take each other's boxes.
  bool keep_apart = false;
};

// The indices of `nouns` (their tokens, none empty) for each prompt. Longest first, each into the
// first prompt that holds it; equal lengths by their tokens, so that the result depends on the set
// of nouns and not on their order. Throws Error for a noun that no prompt holds.
std::vector<std::vector<size_t>> pack_prompts(std::span<const std::vector<int>> nouns,
                                              const PromptPacking& options);

}  // namespace vigor
