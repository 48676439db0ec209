#include "cli/text_options.h"

#include "cli/shipped_data.h"
#include "run/sha256.h"

namespace vigor {
void TextOptions::add_to(CLI::App& app) {
  app.add_option("--text-data", folder, "Word tables, tagger and sentence splitter (default: own)")
      ->type_name("DIR");
  app.add_option("--tagger", tagger,
                 "Tagger in NLTK's JSON form, in place of the one in --text-data")
      ->type_name("DIR");
  app.add_option("--punkt", punkt,
                 "Punkt parameters in NLTK's punkt_tab form, in place of those in --text-data")
      ->type_name("DIR");
}

language::EnglishFiles TextOptions::files() const {
  return {.folder =
              folder.empty() ? shipped_data("text", "--text-data") : std::filesystem::path(folder),
          .tagger = tagger,
          .punkt = punkt};
}

Json text_record(const language::EnglishFiles& files) {
  Json record = Json::object();
  for (const std::filesystem::path& path : files.all())
    record[path.filename().string()] = sha256_file(path);
  return record;
}

}  // namespace vigor
