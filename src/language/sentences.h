// Sentences of a text by Punkt (Kiss and Strunk 2006) with trained parameters, as NLTK's
// sent_tokenize gives them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "language/span.h"

namespace vigor::language {

// What Punkt learned about a language. Words are lower-cased and stand without a final full stop.
struct PunktParameters {
  std::unordered_set<std::string> abbreviations;
  // "FIRST\tSECOND": word pairs over a full stop that ends no sentence ("st\tlouis").
  std::unordered_set<std::string> collocations;
  std::unordered_set<std::string> sentence_starters;
  // How a word was seen: 2 / 4 / 8 in upper case at the start of a sentence / inside / unknown,
  // 16 / 32 / 64 the same in lower case.
  std::unordered_map<std::string, uint32_t> orthography;

  // A folder in NLTK's punkt_tab form: abbrev_types.txt, collocations.tab, sent_starters.txt,
  // ortho_context.tab. Throws Error naming file and line.
  static PunktParameters read(const std::filesystem::path& folder);
  // Those four files.
  static std::vector<std::filesystem::path> files(const std::filesystem::path& folder);
  // The content of one of the four files, by the file's name.
  void parse(std::string_view name, std::string_view bytes, const std::string& where);
};

class SentenceSplitter {
 public:
  explicit SentenceSplitter(PunktParameters parameters) : parameters_(std::move(parameters)) {}

  // In order, without overlap; the white space between sentences belongs to none, white space at
  // the start of the text to the first. A line feed is no boundary by itself. A text of white space
  // has no sentence.
  std::vector<Span> split(std::string_view text) const;

  // Smaller pieces, for removing a sentence from an answer: each sentence of split() is divided
  // further at line feeds, before list marks inside a line, and at stops that are glued to the next
  // word ("a dog.The cat"). Pieces are free of white space at both ends; a list number stays with
  // its line.
  std::vector<Span> split_finely(std::string_view text) const;

 private:
  PunktParameters parameters_;
};

}  // namespace vigor::language
