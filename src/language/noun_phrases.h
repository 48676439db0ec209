// Noun phrases of a tagged sentence, and whether one may be looked for in a picture.
//
// A phrase is a run of tokens tagged as nouns, with the word before it where the two are a known
// compound ("hot dog" is tagged JJ NN). Its concept is the longest tail that a list or WordNet
// knows; lists, then WordNet's concreteness decide the class. The rule and its figures are in
// docs/text.md; open-set detectors' own practice is the chunk in `chunk` (MMDetection's Grounding
// DINO).
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "language/lexicon.h"
#include "language/span.h"
#include "language/word_tokenizer.h"

namespace vigor::language {

enum class NounClass {
  kObject,    // asked of a detector
  kStuff,     // regions and places ("sky", "kitchen"), which a box does not answer reliably
  kAbstract,  // cannot be seen, or says nothing by itself ("group", "view")
};
std::string_view name_of(NounClass noun_class);

// What decided the class.
enum class NounReason {
  kStop,     // stop_nouns.txt
  kList,     // stuff_nouns.txt
  kAllow,    // object_nouns.txt or compounds.txt
  kWordnet,  // WordNet's concreteness
  kNotNoun,  // WordNet knows the word, but as no noun
  kUnknown,  // nothing knows the word: it is asked
};
std::string_view name_of(NounReason reason);

struct NounPhrase {
  size_t first_token = 0, end_token = 0;
  Span span;                          // bytes of the sentence
  Span chunk;                         // with the adjectives and the article before it
  std::string head;                   // the last token as it stands
  std::string lemma;                  // of the head
  std::optional<std::string> morphy;  // of the head, by WordNet's rules alone
  std::string query;                  // the text for a detector: lower case, quotes dropped
  std::string concept_name;           // "hot_dog"
  NounClass noun_class = NounClass::kAbstract;
  NounReason reason = NounReason::kStop;
};

// The words that decide before WordNet does; `_` joins words.
struct NounLists {
  using Words = std::unordered_set<std::string>;
  Words stop, stuff, objects, compounds;
  Words other;  // words that WordNet knows, but as no nouns

  // stop_nouns.txt, stuff_nouns.txt, object_nouns.txt, compounds.txt and wordnet_other.txt of a
  // folder, one entry a line. Throws Error naming the file.
  static NounLists read(const std::filesystem::path& folder);
};

class NounPhraseFinder {
 public:
  // `nouns` must outlive the finder.
  NounPhraseFinder(const Lexicon& nouns, NounLists lists)
      : nouns_(nouns), lists_(std::move(lists)) {}

  // Words and tags of one sentence, one tag a word.
  std::vector<NounPhrase> find(std::span<const Word> words,
                               std::span<const std::string_view> tags) const;

 private:
  std::string lemma_of(const std::string& word, std::string_view tag) const;
  bool known(const std::string& concept_name) const;
  void classify(NounPhrase& phrase) const;

  const Lexicon& nouns_;
  NounLists lists_;
};

}  // namespace vigor::language
