#include "language/english.h"

#include <algorithm>

namespace vigor::language {
namespace {

constexpr const char* kNouns = "wordnet_nouns.tsv";
constexpr const char* kNounExceptions = "noun.exc";
constexpr const char* kVerbs = "wordnet_verbs.txt";
constexpr const char* kVerbExceptions = "verb.exc";

}  // namespace

std::filesystem::path EnglishFiles::tagger_folder() const {
  return tagger.empty() ? folder / "tagger" : tagger;
}

std::filesystem::path EnglishFiles::punkt_folder() const {
  return punkt.empty() ? folder / "punkt" : punkt;
}

std::vector<std::filesystem::path> EnglishFiles::all() const {
  std::vector<std::filesystem::path> files;
  for (const char* name : {kNouns, kNounExceptions, kVerbs, kVerbExceptions})
    files.push_back(folder / name);
  for (const std::filesystem::path& path : Tagger::files(tagger_folder())) files.push_back(path);
  for (const std::filesystem::path& path : PunktParameters::files(punkt_folder()))
    files.push_back(path);
  std::sort(files.begin(), files.end());
  return files;
}

English English::read(const EnglishFiles& files) {
  return {
      SentenceSplitter(PunktParameters::read(files.punkt_folder())),
      Tagger::load(files.tagger_folder()),
      Lexicon::read(PartOfSpeech::kNoun, files.folder / kNouns, files.folder / kNounExceptions),
      Lexicon::read(PartOfSpeech::kVerb, files.folder / kVerbs, files.folder / kVerbExceptions)};
}

}  // namespace vigor::language
