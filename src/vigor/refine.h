// The refinement module (ViGoR section 3.4): sentences that hold a noun phrase judged non-existent
// are removed from the chosen caption.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "language/span.h"

namespace vigor {

struct RefinedCaption {
  // What is left: the kept sentences byte for byte, with the white space that stood before each;
  // none before the first. Empty when nothing is left.
  std::string text;
  std::vector<size_t> removed;  // indexes of sentences, ascending
  size_t sentences = 0;         // before the removal
  // Kept sentences that stand behind a removed one and begin with a word that refers back ("It is
  // red." after its dog is gone), indexes ascending. They are kept: the rate is reported.
  std::vector<size_t> dangling;
};

// `sentences`: spans of `caption`, in order, without overlap (SentenceSplitter::split_finely).
// `absent`: spans of the noun phrases judged non-existent; one that touches two sentences removes
// both, one in no sentence removes none. Throws Error for spans outside the caption.
RefinedCaption refine_caption(std::string_view caption, std::span<const language::Span> sentences,
                              std::span<const language::Span> absent);

// Whether a sentence begins with a word that points at the sentence before: a pronoun, "This dog",
// "The other", "Another", "One of them".
bool refers_back(std::string_view sentence);

}  // namespace vigor
