#include <charconv>

#include "base/error.h"
#include "base/files.h"
#include "language/lines.h"
#include "language/sentences.h"

namespace vigor::language {
namespace {

constexpr const char* kFiles[] = {"abbrev_types.txt", "collocations.tab", "sent_starters.txt",
                                  "ortho_context.tab"};

[[noreturn]] void broken_punkt(const std::string& what, const std::string& where, size_t line) {
  throw Error({.what = what,
               .where = where + ":" + std::to_string(line),
               .cause = "the file is not of Punkt's punkt_tab form",
               .fix = "take the folder punkt_tab/english of NLTK's data as it is"});
}

}  // namespace

void PunktParameters::parse(std::string_view name, std::string_view bytes,
                            const std::string& where) {
  for_each_line(bytes, [&](size_t number, std::string_view line) {
    const size_t tab = line.find('\t');
    if (name == kFiles[0]) {
      abbreviations.emplace(line);
    } else if (name == kFiles[1]) {
      if (tab == std::string_view::npos)
        broken_punkt("no tab between the two words", where, number);
      collocations.emplace(line);
    } else if (name == kFiles[2]) {
      sentence_starters.emplace(line);
    } else {
      if (tab == std::string_view::npos)
        broken_punkt("no tab between word and flags", where, number);
      const std::string_view digits = line.substr(tab + 1);
      uint32_t flags = 0;
      const auto [rest, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), flags);
      if (error != std::errc() || rest != digits.data() + digits.size())
        broken_punkt("the flags are no number", where, number);
      orthography[std::string(line.substr(0, tab))] = flags;
    }
  });
}

std::vector<std::filesystem::path> PunktParameters::files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const char* name : kFiles) paths.push_back(folder / name);
  return paths;
}

PunktParameters PunktParameters::read(const std::filesystem::path& folder) {
  PunktParameters parameters;
  for (const std::filesystem::path& path : files(folder))
    parameters.parse(path.filename().string(), read_file(path), path.string());
  return parameters;
}

}  // namespace vigor::language
