#include "cli/text_options.h"

#include "base/error.h"
#include "run/sha256.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

fs::path shipped_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed =
      (program.parent_path() / "../share/vigor-eval/text").lexically_normal();
  if (!error && fs::is_directory(installed, error)) return installed;
  const fs::path sources = fs::path(VIGOR_SOURCE_DIR) / "data/text";
  if (fs::is_directory(sources, error)) return sources;
  throw Error({.what = "the data for reading English are not found",
               .where = installed.string(),
               .cause = "the program was moved without its data",
               .fix = "copy data/text of the sources there, or name the folder with --text-data"});
}

}  // namespace

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
  return {.folder = folder.empty() ? shipped_folder() : fs::path(folder),
          .tagger = tagger,
          .punkt = punkt};
}

Json text_record(const language::EnglishFiles& files) {
  Json record = Json::object();
  for (const fs::path& path : files.all()) record[path.filename().string()] = sha256_file(path);
  return record;
}

}  // namespace vigor
