#include "vigor/caption_nouns.h"

namespace vigor {

CaptionNouns CaptionReader::read(std::string_view caption) const {
  CaptionNouns read;
  read.sentences = english_.sentences.split_finely(caption);
  for (size_t i = 0; i < read.sentences.size(); ++i) {
    const language::Span at = read.sentences[i];
    const std::string_view sentence = caption.substr(at.begin, at.end - at.begin);
    const std::vector<language::Word> words = language::tokenize_words(sentence);
    std::vector<std::string_view> texts;
    for (const language::Word& word : words) texts.push_back(word.text);
    const std::vector<std::string_view> tags = english_.tagger.tag(texts);
    for (const language::NounPhrase& phrase : finder_.find(words, tags)) {
      CaptionNoun noun;
      noun.sentence = i;
      noun.span = {at.begin + phrase.span.begin, at.begin + phrase.span.end};
      noun.text = caption.substr(noun.span.begin, noun.span.end - noun.span.begin);
      noun.concept_name = phrase.concept_name;
      noun.noun_class = phrase.noun_class;
      noun.reason = phrase.reason;
      if (phrase.noun_class == language::NounClass::kObject) {
        noun.queries = noun_queries(phrase, relations_, options_);
      }
      read.nouns.push_back(std::move(noun));
    }
  }
  return read;
}

}  // namespace vigor
