// Flags of commands that read English: where the data for it lie.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/json.h"
#include "language/english.h"

namespace vigor {

struct TextOptions {
  // Folder with the files of data/text. Empty: share/vigor-eval/text beside bin/, else data/text of
  // the sources that the program was built from.
  std::string folder{};
  // Tagger and Punkt parameters of NLTK in place of the program's own. Empty: those of the folder.
  std::string tagger{}, punkt{};

  // --text-data, --tagger, --punkt
  void add_to(CLI::App& app);
  // Throws Error when no folder is given and none is found.
  language::EnglishFiles files() const;
};

// {file name: SHA-256} of all files that reading English rests on, for a run's settings.
Json text_record(const language::EnglishFiles& files);

}  // namespace vigor
