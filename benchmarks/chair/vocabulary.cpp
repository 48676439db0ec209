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

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

constexpr std::string_view kMarks = ".,;:!?()[]{}\"%$&#@'`";

bool ends_with_mark(std::string_view text) {
  return !text.empty() && kMarks.find(text.back()) != std::string_view::npos;
}

// Where a contraction begins ("does|n't", "man|'s"), or the size of the word.
size_t contraction_at(std::string_view word) {
  for (const std::string_view end : {"n't", "'s", "'re", "'ve", "'ll", "'d", "'m"}) {
    if (word.size() > end.size() && word.ends_with(end)) return word.size() - end.size();
  }
  return word.size();
}

// One piece between white space: marks at both ends are tokens of their own ("..." is one).
void split_piece(std::string_view piece, std::vector<std::string>* tokens) {
  while (!piece.empty() && kMarks.find(piece[0]) != std::string_view::npos && piece[0] != '\'') {
    const size_t size = piece.starts_with("...") ? 3 : 1;
    tokens->emplace_back(piece.substr(0, size));
    piece.remove_prefix(size);
  }
  std::vector<std::string> after;
  while (ends_with_mark(piece) && contraction_at(piece) == piece.size()) {
    const size_t size = piece.ends_with("...") ? 3 : 1;
    after.emplace_back(piece.substr(piece.size() - size));
    piece.remove_suffix(size);
  }
  if (!piece.empty()) {
    const size_t at = contraction_at(piece);
    tokens->emplace_back(piece.substr(0, at));
    if (at < piece.size()) tokens->emplace_back(piece.substr(at));
  }
  tokens->insert(tokens->end(), after.rbegin(), after.rend());
}

}  // namespace

std::vector<std::string> tokenize_caption(std::string_view caption) {
  std::string lower(caption);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::vector<std::string> tokens;
  const std::string_view text = lower;
  for (size_t begin = 0; begin < text.size();) {
    if (is_space(text[begin])) {
      ++begin;
      continue;
    }
    size_t end = begin;
    while (end < text.size() && !is_space(text[end])) ++end;
    split_piece(text.substr(begin, end - begin), &tokens);
    begin = end;
  }
  return tokens;
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

  for (const auto& [word, name] : class_of_) known_.insert(word);
  for (const auto& [pair, name] : pairs_) {
    const size_t space = pair.find(' ');
    known_.insert(pair.substr(0, space));
    known_.insert(pair.substr(space + 1));
  }
}

Vocabulary Vocabulary::parse(std::string_view bytes, const std::string& where) {
  std::vector<std::vector<std::string>> classes;
  size_t number = 0;
  while (!bytes.empty()) {
    ++number;
    const size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end);
    bytes = end == std::string_view::npos ? std::string_view{} : bytes.substr(end + 1);
    if (trimmed(line).empty()) continue;
    std::vector<std::string> words;
    for (size_t begin = 0; begin <= line.size();) {
      const size_t comma = std::min(line.find(',', begin), line.size());
      const std::string_view word = trimmed(line.substr(begin, comma - begin));
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

Vocabulary Vocabulary::read(const std::filesystem::path& path) {
  return parse(read_file(path), path.string());
}

std::string Vocabulary::class_of(const std::string& word) const {
  const auto it = class_of_.find(word);
  return it == class_of_.end() ? "" : it->second;
}

std::string Vocabulary::singular(const std::string& token) const {
  // The published figures were made with a lemmatiser for which "men" is its own singular.
  if (known_.contains(token) || token == "men") return token;
  const auto known = [&](const std::string& word) { return known_.contains(word); };
  const auto stem = [&](size_t cut, const char* end) {
    return token.substr(0, token.size() - cut) + end;
  };
  std::vector<std::string> candidates;
  if (token.ends_with("ies")) candidates.push_back(stem(3, "y"));
  if (token.ends_with("men")) candidates.push_back(stem(3, "man"));
  if (token.ends_with("ves")) {
    candidates.push_back(stem(3, "f"));
    candidates.push_back(stem(3, "fe"));
  }
  if (token.ends_with("s") && !token.ends_with("ss")) candidates.push_back(stem(1, ""));
  if (token.ends_with("es")) candidates.push_back(stem(2, ""));
  if (token == "geese") candidates.emplace_back("goose");
  if (token == "mice") candidates.emplace_back("mouse");
  // Verbs: "seated", "skiing", "tied".
  if (token.size() > 4 && token.ends_with("ed")) {
    candidates.push_back(stem(2, ""));
    candidates.push_back(stem(1, ""));
  }
  if (token.size() > 5 && token.ends_with("ing")) candidates.push_back(stem(3, ""));
  const auto it = std::find_if(candidates.begin(), candidates.end(), known);
  return it == candidates.end() ? token : *it;
}

CaptionObjects Vocabulary::find(std::string_view caption) const {
  std::vector<std::string> tokens = tokenize_caption(caption);
  for (std::string& token : tokens) token = singular(token);

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
