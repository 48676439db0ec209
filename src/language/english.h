// What reading English takes, from one folder of data.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "language/lexicon.h"
#include "language/sentences.h"
#include "language/tagger.h"

namespace vigor::language {

// Where the data lie (docs/text.md).
struct EnglishFiles {
  // data/text of this program, or a folder with the same files: wordnet_nouns.tsv, noun.exc,
  // wordnet_verbs.txt, verb.exc; tagger/ and punkt/ unless those are named below.
  std::filesystem::path folder;
  // A tagger in NLTK's JSON form. Empty: FOLDER/tagger.
  std::filesystem::path tagger{};
  // Punkt's parameters in NLTK's punkt_tab form. Empty: FOLDER/punkt.
  std::filesystem::path punkt{};

  std::filesystem::path tagger_folder() const;
  std::filesystem::path punkt_folder() const;
  // Every file that an answer depends on, sorted: for the record of a run.
  std::vector<std::filesystem::path> all() const;
};

struct English {
  SentenceSplitter sentences;
  Tagger tagger;
  Lexicon nouns, verbs;

  // Throws Error naming the file that is missing or broken.
  static English read(const EnglishFiles& files);
};

}  // namespace vigor::language
