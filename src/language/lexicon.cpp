#include "language/lexicon.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/error.h"
#include "base/files.h"
#include "language/lines.h"

namespace vigor::language {
namespace {

struct Rule {
  std::string_view ending, replacement;
};

constexpr Rule kNounRules[] = {{"s", ""},      {"ses", "s"},   {"ves", "f"},
                               {"xes", "x"},   {"zes", "z"},   {"ches", "ch"},
                               {"shes", "sh"}, {"men", "man"}, {"ies", "y"}};
constexpr Rule kVerbRules[] = {{"s", ""},   {"ies", "y"}, {"es", "e"},  {"es", ""},
                               {"ed", "e"}, {"ed", ""},   {"ing", "e"}, {"ing", ""}};

// WordNet's longest word has 71 bytes; the rules' cost grows with the square of the length.
constexpr size_t kLongestWord = 200;

[[noreturn]] void broken(const std::string& what, const std::string& where, size_t line) {
  throw Error({.what = what,
               .where = where + ":" + std::to_string(line),
               .cause = "the file is not of the form that docs/text.md describes",
               .fix = "take the files of data/text, or of WordNet 3.0, as they are"});
}

uint32_t number(std::string_view digits, const std::string& where, size_t line) {
  uint32_t value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || rest != digits.data() + digits.size())
    broken("'" + std::string(digits) + "' is no whole number", where, line);
  return value;
}

}  // namespace

Lexicon Lexicon::read(PartOfSpeech part, const std::filesystem::path& base_forms,
                      const std::filesystem::path& exceptions) {
  return Lexicon(part, read_file(base_forms), base_forms.string(), read_file(exceptions),
                 exceptions.string());
}

Lexicon::Lexicon(PartOfSpeech part, std::string_view base_forms, const std::string& where,
                 std::string_view exceptions, const std::string& exceptions_where)
    : part_(part) {
  base_forms_.reserve(static_cast<size_t>(std::count(base_forms.begin(), base_forms.end(), '\n')));
  for_each_line(base_forms, [&](size_t line, std::string_view text) {
    const std::vector<std::string_view> fields = split(text, '\t');
    BaseForm form;
    if (fields.size() == 3 || fields.size() == 5) {
      form.concreteness = number(fields[fields.size() - 2], where, line);
      form.tag_count = number(fields.back(), where, line);
    } else if (fields.size() != 1) {
      broken(std::to_string(fields.size()) + " fields; 1, 3 or 5 are right", where, line);
    }
    if (form.concreteness > 1000) broken("a concreteness above 1000", where, line);
    base_forms_.emplace(fields[0], form);
  });
  if (base_forms_.empty()) broken("no words in the file", where, 1);
  for_each_line(exceptions, [&](size_t line, std::string_view text) {
    std::vector<std::string> bases;
    for (const std::string_view word : split(text, ' ')) bases.emplace_back(word);
    if (bases.size() < 2) broken("no base form after the inflected one", exceptions_where, line);
    const std::string inflected = bases[0];
    bases.erase(bases.begin());
    exceptions_.insert_or_assign(inflected, std::move(bases));
  });
}

std::optional<BaseForm> Lexicon::find(std::string_view word) const {
  const auto it = base_forms_.find(word);
  if (it == base_forms_.end()) return std::nullopt;
  return it->second;
}

std::vector<std::string> Lexicon::apply_rules(const std::vector<std::string>& forms) const {
  const std::span<const Rule> rules = part_ == PartOfSpeech::kNoun
                                          ? std::span<const Rule>(kNounRules)
                                          : std::span<const Rule>(kVerbRules);
  std::vector<std::string> made;
  for (const std::string& form : forms) {
    for (const Rule& rule : rules) {
      if (!form.ends_with(rule.ending)) continue;
      made.push_back(form.substr(0, form.size() - rule.ending.size()) +
                     std::string(rule.replacement));
    }
  }
  return made;
}

void Lexicon::add_known(const std::vector<std::string>& forms,
                        std::vector<std::string>& found) const {
  for (const std::string& form : forms) {
    if (base_forms_.contains(form) && std::find(found.begin(), found.end(), form) == found.end())
      found.push_back(form);
  }
}

std::vector<std::string> Lexicon::morphy(std::string_view word) const {
  std::vector<std::string> found;
  if (word.size() > kLongestWord) return found;
  std::vector<std::string> forms = {std::string(word)};
  add_known(forms, found);
  if (const auto exception = exceptions_.find(word); exception != exceptions_.end()) {
    add_known(exception->second, found);
    return found;
  }
  for (forms = apply_rules(forms); !forms.empty(); forms = apply_rules(forms)) {
    add_known(forms, found);
    if (!found.empty()) break;
  }
  return found;
}

std::string Lexicon::lemmatize(std::string_view word) const {
  const std::vector<std::string> found = morphy(word);
  if (found.empty()) return std::string(word);
  return *std::min_element(found.begin(), found.end(),
                           [](const auto& a, const auto& b) { return a.size() < b.size(); });
}

}  // namespace vigor::language
