// Words of a sentence as NLTK's word_tokenize (NLTKWordTokenizer of NLTK 3.8) gives them: Penn
// Treebank conventions; "don't" is "do" and "n't", a final full stop stands alone.
//
// language/ is the room of English text without LibTorch: sentences, words, part-of-speech tags,
// WordNet's nouns, noun phrases. Everything is immutable after construction and may be shared
// between threads; every rule takes any bytes, in time linear in their number.
#pragma once

#include <string_view>
#include <vector>

#include "language/span.h"

namespace vigor::language {

struct Word {
  // Bytes of the sentence under `span`, except that double quotes are "``" or "''" as in the Penn
  // Treebank. Points into the sentence or to a literal.
  std::string_view text;
  Span span;
};

// `sentence` must outlive the result.
std::vector<Word> tokenize_words(std::string_view sentence);

}  // namespace vigor::language
