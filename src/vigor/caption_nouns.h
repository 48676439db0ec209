// The nouns of a caption, sentence by sentence, with what a detector is asked about each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "language/english.h"
#include "language/noun_phrases.h"
#include "vigor/noun_relations.h"

namespace vigor {

struct CaptionNoun {
  size_t sentence = 0;       // index into CaptionNouns::sentences
  language::Span span;       // bytes of the caption
  std::string text;          // those bytes
  std::string concept_name;  // "hot_dog"
  language::NounClass noun_class = language::NounClass::kAbstract;
  language::NounReason reason = language::NounReason::kStop;
  std::vector<NounQuery> queries;  // of objects; empty for stuff and abstract nouns
};

struct CaptionNouns {
  std::vector<language::Span> sentences;  // bytes of the caption; pieces that can be removed
  std::vector<CaptionNoun> nouns;         // in the order of the text
};

// Immutable; may be shared between threads. Holds references: the English data must outlive it.
class CaptionReader {
 public:
  CaptionReader(const language::English& english, language::NounLists lists,
                NounRelations relations, NounQueryOptions options)
      : english_(english),
        finder_(english.nouns, std::move(lists)),
        relations_(std::move(relations)),
        options_(options) {}

  // Any bytes; an empty caption has no sentence. Sentences are those of split_finely().
  CaptionNouns read(std::string_view caption) const;

 private:
  const language::English& english_;
  language::NounPhraseFinder finder_;
  NounRelations relations_;
  NounQueryOptions options_;
};

}  // namespace vigor
