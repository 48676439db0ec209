// What else a noun may be called: asked of a detector before the noun counts as hallucinated.
//
// A hypernym is one of the kinds that detectors know ("person" for "man", "bird" for "seagull"),
// never the word above a kind: "animal" for "dog" would be found wherever a cat is. Where the table
// comes from is told in docs/text.md.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "language/noun_phrases.h"

namespace vigor {

class NounRelations {
 public:
  struct Entry {
    std::vector<std::string> synonyms;  // words of the same meaning, `_` joins words
    std::string hypernym;               // the kind that it is one of; may be empty
  };

  // Lines of a noun, its synonyms separated by commas, and its hypernym, separated by tabs. An
  // entry of a later file replaces that of an earlier one. Throws Error naming file and line.
  static NounRelations read(std::span<const std::filesystem::path> files);
  // The same from one file's content.
  void add(std::string_view bytes, const std::string& where);

  // nullptr when the table has nothing of it.
  const Entry* find(const std::string& concept_name) const;
  size_t size() const { return entries_.size(); }

 private:
  std::unordered_map<std::string, Entry> entries_;
};

// Why a query stands for a noun.
enum class NounRelation {
  kAsWritten,  // the words of the caption
  kBaseForm,   // the last word in its base form ("stop sign" for "stop signs")
  kHead,       // the longest tail that is a word of its own ("retriever" for "show retriever")
  kSynonym,
  kHypernym,
};
std::string_view name_of(NounRelation relation);

struct NounQuery {
  std::string text;  // for a detector: lower case, words separated by blanks
  NounRelation relation = NounRelation::kAsWritten;
};

struct NounQueryOptions {
  bool synonyms = true;
  bool hypernyms = true;  // also the phrase's own head
};

// What to ask for a noun, in the order in which answers count; no text twice, never empty.
std::vector<NounQuery> noun_queries(const language::NounPhrase& phrase,
                                    const NounRelations& relations,
                                    const NounQueryOptions& options = {});

}  // namespace vigor
