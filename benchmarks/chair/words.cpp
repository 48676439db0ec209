#include "benchmarks/chair/words.h"

#include "language/unicode.h"
#include "language/word_tokenizer.h"

namespace vigor::chair {

std::vector<std::string> caption_words(std::string_view caption, const language::English& english) {
  const std::string text = language::lower(caption);
  std::vector<std::string_view> words;
  for (const language::Span& span : english.sentences.split(text)) {
    const std::string_view sentence =
        std::string_view(text).substr(span.begin, span.end - span.begin);
    for (const language::Word& word : language::tokenize_words(sentence))
      words.push_back(word.text);
  }
  const std::vector<std::string_view> tags = english.tagger.tag(words);
  std::vector<std::string> base_forms;
  base_forms.reserve(words.size());
  for (size_t i = 0; i < words.size(); ++i) {
    if (tags[i].starts_with('V')) {
      base_forms.push_back(english.verbs.lemmatize(words[i]));
    } else if (tags[i].starts_with('J') || tags[i].starts_with('R')) {
      // Their base forms differ for comparatives alone ("larger"), which name no object.
      base_forms.emplace_back(words[i]);
    } else {
      base_forms.push_back(english.nouns.lemmatize(words[i]));
    }
  }
  return base_forms;
}

}  // namespace vigor::chair
