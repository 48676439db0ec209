#include "benchmarks/chair/vocabulary.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/files.h"

namespace vigor::chair {
namespace {

// Two-word names that the published CHAIR script joins for COCO. The last two name no object: they
// keep "train" and "plate" from firing.
constexpr std::array<std::string_view, 25> kPairs{
    "motor bike", "motor cycle",    "air plane",       "traffic light",  "street light",
    "stop light", "traffic signal", "fire hydrant",    "stop sign",      "parking meter",
    "suit case",  "sports ball",    "baseball bat",    "baseball glove", "tennis racket",
    "wine glass", "hot dog",        "cell phone",      "mobile phone",   "teddy bear",
    "hair drier", "potted plant",   "laptop computer", "home plate",     "train track"};
// "baby bird" is a bird and no baby.
constexpr std::array<std::string_view, 12> kAnimals{"bird",  "cat",     "dog",      "horse",
                                                    "sheep", "cow",     "elephant", "bear",
                                                    "zebra", "giraffe", "animal",   "cub"};

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

Dialect parse_dialect(const std::string& name) {
  if (name == "official") return Dialect::kOfficial;
  if (name == "trimmed") return Dialect::kTrimmed;
  throw Error({.what = "unknown dialect '" + printable(name) + "'",
               .where = "--dialect",
               .fix = "CHAIR has official and trimmed",
               .exit_code = ExitCode::kUsage});
}

Vocabulary::Vocabulary(const std::vector<std::vector<std::string>>& classes)
    : class_count_(classes.size()) {
  if (classes.empty()) {
    throw Error({.what = "the list of object names is empty",
                 .where = "CHAIR vocabulary",
                 .fix = "give a synonyms file with one class a line"});
  }
  for (const std::vector<std::string>& words : classes) {
    if (words.empty() || words[0].empty()) {
      throw Error({.what = "a class has no name",
                   .where = "CHAIR vocabulary",
                   .fix = "begin each line with the name of the class"});
    }
    for (const std::string& word : words) {
      if (!word.empty()) class_of_[word] = words[0];
    }
  }
  for (const auto& [word, name] : class_of_) {
    const size_t space = word.find(' ');
    if (space == std::string::npos || word.find(' ', space + 1) != std::string::npos) continue;
    // "dining table" needs no joining while "table" alone already means it.
    const auto last = class_of_.find(word.substr(space + 1));
    if (last == class_of_.end() || last->second != name) pairs_[word] = word;
  }
  for (const std::string_view pair : kPairs) pairs_[std::string(pair)] = pair;
  for (const std::string_view animal : kAnimals) {
    for (const char* age : {"baby ", "adult "}) pairs_[age + std::string(animal)] = animal;
  }
  for (const char* vehicle : {"jet", "train"})
    pairs_[std::string("passenger ") + vehicle] = vehicle;
  pairs_["bow tie"] = "tie";
  pairs_["toilet seat"] = "toilet";
}

Vocabulary Vocabulary::parse(std::string_view bytes, const std::string& where, Dialect dialect) {
  std::vector<std::vector<std::string>> classes;
  size_t number = 0;
  while (!bytes.empty()) {
    ++number;
    const size_t end = bytes.find('\n');
    const std::string_view line = trimmed(bytes.substr(0, end));
    bytes = end == std::string_view::npos ? std::string_view{} : bytes.substr(end + 1);
    if (line.empty()) continue;
    std::vector<std::string> words;
    for (size_t begin = 0; begin <= line.size();) {
      const size_t comma = std::min(line.find(',', begin), line.size());
      std::string_view word = line.substr(begin, comma - begin);
      if (dialect == Dialect::kTrimmed || begin == 0) {
        word = trimmed(word);
      } else if (word.starts_with(' ')) {
        word.remove_prefix(1);
      }
      if (!word.empty()) {
        words.emplace_back(word);
      } else if (begin == 0) {
        throw Error({.what = "the class has no name",
                     .where = where + ":" + std::to_string(number),
                     .fix = "begin the line with the name of the class"});
      }
      begin = comma + 1;
    }
    classes.push_back(std::move(words));
  }
  if (classes.empty()) {
    throw Error({.what = "no classes in the file",
                 .where = where,
                 .cause = "the file is empty",
                 .fix = "give a synonyms file: one class a line, words separated by commas"});
  }
  return Vocabulary(classes);
}

Vocabulary Vocabulary::read(const std::filesystem::path& path, Dialect dialect) {
  return parse(read_file(path), path.string(), dialect);
}

std::string Vocabulary::class_of(const std::string& word) const {
  const auto it = class_of_.find(word);
  return it == class_of_.end() ? "" : it->second;
}

void Vocabulary::add_base_forms(const language::Lexicon& nouns) {
  std::vector<std::pair<std::string, std::string>> base_forms;
  for (const auto& [word, name] : class_of_) base_forms.emplace_back(nouns.lemmatize(word), name);
  // Sorted: of two classes with one base form the same one has it every time.
  std::sort(base_forms.begin(), base_forms.end());
  for (const auto& [word, name] : base_forms) class_of_.emplace(word, name);
}

CaptionObjects Vocabulary::find(const std::vector<std::string>& tokens) const {
  std::vector<Mention> words;  // `object` is filled in below
  for (size_t i = 0; i < tokens.size(); ++i) {
    Mention word{"", tokens[i], i};
    if (i + 1 < tokens.size()) {
      const auto pair = pairs_.find(tokens[i] + " " + tokens[i + 1]);
      if (pair != pairs_.end()) {
        word.word = pair->second;
        ++i;
      }
    }
    words.push_back(std::move(word));
  }
  const auto has = [&](std::string_view name) {
    return std::any_of(words.begin(), words.end(),
                       [&](const Mention& w) { return w.word == name; });
  };
  // "The seat of the toilet" is no chair.
  if (has("toilet") && has("seat")) {
    std::erase_if(words, [](const Mention& w) { return w.word == "seat"; });
  }
  CaptionObjects result{.mentions = {}, .words = words.size()};
  for (Mention& word : words) {
    word.object = class_of(word.word);
    if (!word.object.empty()) result.mentions.push_back(std::move(word));
  }
  return result;
}

}  // namespace vigor::chair
