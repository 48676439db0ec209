// The base forms of one part of speech from WordNet's files, and morphy: which base form an
// inflected word has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vigor::language {

enum class PartOfSpeech { kNoun, kVerb };

// What is known of a base form; zeros where the file does not say.
struct BaseForm {
  // Share of its uses, weighted by frequency, that mean a concrete thing: 0 to 1000.
  uint32_t concreteness = 0;
  uint32_t tag_count = 0;  // occurrences in WordNet's tagged texts
};

class Lexicon {
 public:
  // `base_forms`: lines of a lower-case word (`_` joins words) alone; or with concreteness and tag
  // count; or with number of senses, lexicographer file, concreteness and tag count; separated by
  // tabs. `exceptions`: lines of an inflected form and its base forms, separated by blanks
  // (WordNet's noun.exc). Throws Error naming file and line.
  static Lexicon read(PartOfSpeech part, const std::filesystem::path& base_forms,
                      const std::filesystem::path& exceptions);
  // The same from the files' contents; `where` names each in messages.
  Lexicon(PartOfSpeech part, std::string_view base_forms, const std::string& where,
          std::string_view exceptions, const std::string& exceptions_where);

  std::optional<BaseForm> find(std::string_view word) const;

  // Base forms of a lower-case word, in NLTK's order: of an exception, the word and its base forms
  // that are known; else the word and what the endings' rules make of it; when nothing is known,
  // the rules again. Empty for an unknown word, and for one of more than 200 bytes.
  std::vector<std::string> morphy(std::string_view word) const;

  // NLTK's WordNetLemmatizer: the shortest of morphy (the first of equals), or the word itself.
  std::string lemmatize(std::string_view word) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <typename T>
  using Table = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  std::vector<std::string> apply_rules(const std::vector<std::string>& forms) const;
  void add_known(const std::vector<std::string>& forms, std::vector<std::string>& found) const;

  PartOfSpeech part_;
  Table<BaseForm> base_forms_;
  Table<std::vector<std::string>> exceptions_;
};

}  // namespace vigor::language
