// A caption as the published CHAIR scripts read it before they look for objects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "language/english.h"

namespace vigor::chair {

// Lower case, split into sentences and words, tagged as one sequence, each word replaced by its
// WordNet base form: verbs as verbs, adjectives and adverbs as they stand, all else as nouns
// ("seated" -> "seat", "skiing" -> "ski", but "men" stays: of two forms of one length the
// inflected comes first). Any bytes are allowed.
std::vector<std::string> caption_words(std::string_view caption, const language::English& english);

}  // namespace vigor::chair
