#include "language/noun_phrases.h"

#include <algorithm>

#include "base/files.h"
#include "language/lines.h"
#include "language/unicode.h"

namespace vigor::language {
namespace {

// Concreteness, in per mille, from which a noun may be looked for.
constexpr uint32_t kConcrete = 300;

// In words; WordNet's longest noun has 9.
constexpr size_t kLongestConcept = 16;

bool has_letter(std::string_view word) {
  while (!word.empty()) {
    const Character c = decode_first(word);
    if (is_letter(c.code)) return true;
    word.remove_prefix(c.bytes.end);
  }
  return false;
}

bool is_noun_tag(std::string_view tag) {
  return tag == "NN" || tag == "NNS" || tag == "NNP" || tag == "NNPS";
}

bool is_adjective_tag(std::string_view tag) {
  return tag == "JJ" || tag == "JJR" || tag == "JJS";
}

// Lower case, without quotes around it or one glued full stop behind it.
std::string cleaned(std::string_view word) {
  std::string text = lower(word);
  const size_t begin = text.find_first_not_of("'`");
  if (begin == std::string::npos) return "";
  text = text.substr(begin, text.find_last_not_of("'`") + 1 - begin);
  if (text.find('.') == text.size() - 1) text.pop_back();
  return text;
}

std::string joined(std::span<const std::string> words, char separator) {
  std::string text;
  for (const std::string& word : words) {
    if (&word != words.data()) text += separator;
    text += word;
  }
  return text;
}

NounLists::Words read_words(const std::filesystem::path& path) {
  NounLists::Words words;
  for_each_line(read_file(path), [&](size_t, std::string_view line) { words.emplace(line); });
  return words;
}

}  // namespace

std::string_view name_of(NounClass noun_class) {
  switch (noun_class) {
    case NounClass::kObject:
      return "object";
    case NounClass::kStuff:
      return "stuff";
    case NounClass::kAbstract:
      break;
  }
  return "abstract";
}

std::string_view name_of(NounReason reason) {
  switch (reason) {
    case NounReason::kStop:
      return "stop";
    case NounReason::kList:
      return "list";
    case NounReason::kAllow:
      return "allow";
    case NounReason::kWordnet:
      return "wordnet";
    case NounReason::kNotNoun:
      return "not-noun";
    case NounReason::kUnknown:
      break;
  }
  return "oov";
}

NounLists NounLists::read(const std::filesystem::path& folder) {
  return {.stop = read_words(folder / "stop_nouns.txt"),
          .stuff = read_words(folder / "stuff_nouns.txt"),
          .objects = read_words(folder / "object_nouns.txt"),
          .compounds = read_words(folder / "compounds.txt"),
          .other = read_words(folder / "wordnet_other.txt")};
}

std::string NounPhraseFinder::lemma_of(const std::string& word, std::string_view tag) const {
  if (word == "shorts" || word == "pants" || word == "clothes") return word;
  if ((tag == "NN" || tag == "NNP") && nouns_.find(word)) return word;
  const std::vector<std::string> candidates = nouns_.morphy(word);
  if (candidates.empty()) return word;
  // WordNet lists men, cows and hands as nouns of their own: the more frequent form is meant, and
  // of equals the one that is not the plural itself.
  const auto count = [&](const std::string& form) { return nouns_.find(form)->tag_count; };
  const bool plural = tag == "NNS" || tag == "NNPS";
  const std::string* best = &candidates[0];
  for (const std::string& candidate : candidates) {
    const bool more = count(candidate) > count(*best);
    const bool other = plural && *best == word && candidate != word;
    if (more || (other && count(candidate) == count(*best))) best = &candidate;
  }
  return *best;
}

bool NounPhraseFinder::known(const std::string& concept_name) const {
  return lists_.stop.contains(concept_name) || lists_.stuff.contains(concept_name) ||
         lists_.objects.contains(concept_name) || lists_.compounds.contains(concept_name) ||
         nouns_.find(concept_name).has_value();
}

void NounPhraseFinder::classify(NounPhrase& phrase) const {
  const auto decide = [&](NounClass noun_class, NounReason reason) {
    phrase.noun_class = noun_class;
    phrase.reason = reason;
  };
  const std::string& name = phrase.concept_name;
  if (lists_.stop.contains(name)) {
    decide(NounClass::kAbstract, NounReason::kStop);
  } else if (lists_.stuff.contains(name)) {
    decide(NounClass::kStuff, NounReason::kList);
  } else if (lists_.objects.contains(name) || lists_.compounds.contains(name)) {
    decide(NounClass::kObject, NounReason::kAllow);
  } else if (const std::optional<BaseForm> noun = nouns_.find(name)) {
    decide(noun->concreteness >= kConcrete ? NounClass::kObject : NounClass::kAbstract,
           NounReason::kWordnet);
  } else if (lists_.other.contains(name)) {
    decide(NounClass::kAbstract, NounReason::kNotNoun);
  } else {
    decide(NounClass::kObject, NounReason::kUnknown);
  }
}

std::vector<NounPhrase> NounPhraseFinder::find(std::span<const Word> words,
                                               std::span<const std::string_view> tags) const {
  const auto in_run = [&](size_t i) { return is_noun_tag(tags[i]) && has_letter(words[i].text); };
  std::vector<NounPhrase> phrases;
  for (size_t i = 0; i < words.size();) {
    if (!in_run(i)) {
      ++i;
      continue;
    }
    NounPhrase phrase;
    phrase.first_token = phrase.end_token = i;
    while (phrase.end_token < words.size() && in_run(phrase.end_token)) ++phrase.end_token;
    const size_t last = phrase.end_token - 1;

    std::vector<std::string> cleaned_words;
    for (size_t k = i; k <= last; ++k) cleaned_words.push_back(cleaned(words[k].text));
    phrase.head = words[last].text;
    phrase.lemma = lemma_of(cleaned_words.back(), tags[last]);
    const std::vector<std::string> candidates = nouns_.morphy(cleaned_words.back());
    if (!candidates.empty()) phrase.morphy = candidates[0];

    std::vector<std::string> base_words = cleaned_words;
    base_words.back() = phrase.lemma;
    if (i > 0) {
      const std::string before = cleaned(words[i - 1].text);
      const auto is_compound = [&](const std::vector<std::string>& run) {
        return lists_.compounds.contains(before + "_" + joined(run, '_'));
      };
      if (is_compound(cleaned_words) || is_compound(base_words)) {
        --phrase.first_token;
        cleaned_words.insert(cleaned_words.begin(), before);
        base_words.insert(base_words.begin(), before);
      }
    }
    phrase.query = joined(cleaned_words, ' ');
    phrase.concept_name = phrase.lemma;
    const size_t first = base_words.size() - std::min(base_words.size(), kLongestConcept);
    for (size_t begin = first; begin < base_words.size(); ++begin) {
      std::string tail = joined(std::span(base_words).subspan(begin), '_');
      if (!known(tail)) continue;
      phrase.concept_name = std::move(tail);
      break;
    }
    classify(phrase);

    size_t chunk = phrase.first_token;
    while (chunk > 0 && is_adjective_tag(tags[chunk - 1])) --chunk;
    if (chunk > 0 && tags[chunk - 1] == "DT") --chunk;
    phrase.span = {words[phrase.first_token].span.begin, words[last].span.end};
    phrase.chunk = {words[chunk].span.begin, words[last].span.end};
    i = phrase.end_token;
    phrases.push_back(std::move(phrase));
  }
  return phrases;
}

}  // namespace vigor::language
