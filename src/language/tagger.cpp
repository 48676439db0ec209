#include "language/tagger.h"

#include <algorithm>

#include "base/error.h"
#include "language/unicode.h"

namespace vigor::language {
namespace {

constexpr size_t kSuffixLength = 3;
constexpr std::string_view kStart = "-START-", kStart2 = "-START2-";
constexpr std::string_view kEnd = "-END-", kEnd2 = "-END2-";

// Words that the perceptron does not tell apart.
std::string normalized(std::string_view word) {
  if (word.find('-') != std::string_view::npos && word[0] != '-') return "!HYPHEN";
  if (!word.empty() && is_digit(decode_first(word).code)) {
    const std::vector<Character> characters = decode(word);
    const bool year =
        characters.size() == 4 && std::all_of(characters.begin(), characters.end(),
                                              [](const Character& c) { return is_digit(c.code); });
    return year ? "!YEAR" : "!DIGITS";
  }
  return lower(word);
}

std::string_view suffix(std::string_view word) {
  return last_characters(word, kSuffixLength);
}

[[noreturn]] void broken(const std::string& what, const std::string& where) {
  throw Error({.what = what,
               .where = where,
               .cause = "the file is not of the form that NLTK writes",
               .fix = "take the three files of averaged_perceptron_tagger_eng as they are"});
}

// The one file of the folder whose name ends so.
std::filesystem::path only_file(const std::filesystem::path& folder, const std::string& ending) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().ends_with(ending)) found.push_back(entry.path());
  }
  if (found.size() == 1) return found[0];
  throw Error({.what = (found.empty() ? "no file *" : "several files *") + ending,
               .where = folder.string(),
               .cause = error ? error.message() : "",
               .fix = "give a folder with the three files of one tagger: NAME.weights.json, "
                      "NAME.tagdict.json and NAME.classes.json"});
}

uint64_t pair_key(uint32_t before, uint32_t two_before) {
  return uint64_t{before} << 32 | two_before;
}

}  // namespace

std::vector<std::filesystem::path> Tagger::files(const std::filesystem::path& folder) {
  return {only_file(folder, ".weights.json"), only_file(folder, ".tagdict.json"),
          only_file(folder, ".classes.json")};
}

Tagger Tagger::load(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> paths = files(folder);
  return Tagger(read_json_file(paths[0]), read_json_file(paths[1]), read_json_file(paths[2]),
                paths[0].string());
}

Tagger::Tagger(const Json& weights, const Json& dictionary, const Json& classes,
               const std::string& where) {
  if (!classes.is_array() || classes.empty()) broken("the classes are no list of tags", where);
  for (const Json& tag : classes) {
    if (!tag.is_string()) broken("a class is no text", where);
    tags_.push_back(tag.get<std::string>());
  }
  std::sort(tags_.begin(), tags_.end());
  tags_.erase(std::unique(tags_.begin(), tags_.end()), tags_.end());
  class_count_ = tags_.size();
  for (size_t i = 0; i < tags_.size(); ++i) tag_ids_[tags_[i]] = static_cast<uint32_t>(i);
  start_ = tag_id(std::string(kStart));
  start2_ = tag_id(std::string(kStart2));

  if (!dictionary.is_object()) broken("the tag dictionary is no object", where);
  for (const auto& [word, tag] : dictionary.items()) {
    if (!tag.is_string()) broken("the tag of '" + printable(word) + "' is no text", where);
    entries_[word].tag = static_cast<int>(tag_id(tag.get<std::string>()));
  }
  if (!weights.is_object()) broken("the weights are no object", where);
  for (const auto& [feature, row] : weights.items()) read_feature(feature, row, where);

  tag_rows_.resize(tags_.size());
  for (size_t i = 0; i < tags_.size(); ++i) {
    if (const Entry* entry = find(tags_[i])) {
      tag_rows_[i] = {entry->rows[kTagBefore], entry->rows[kTagTwoBefore]};
    }
  }
}

uint32_t Tagger::tag_id(const std::string& tag) {
  const auto [it, is_new] = tag_ids_.emplace(tag, static_cast<uint32_t>(tags_.size()));
  if (is_new) tags_.push_back(tag);
  return it->second;
}

void Tagger::read_feature(const std::string& feature, const Json& weights,
                          const std::string& where) {
  const std::string named = "the feature '" + printable(feature) + "'";
  if (!weights.is_object()) broken(named + " has no weights by tag", where);
  Row row{static_cast<uint32_t>(weights_.size()), 0};
  for (const auto& [tag, weight] : weights.items()) {
    const auto id = tag_ids_.find(tag);
    if (id == tag_ids_.end() || id->second >= class_count_)
      broken(named + " has a weight for '" + printable(tag) + "', which is no class", where);
    if (!weight.is_number()) broken(named + " has a weight that is no number", where);
    weights_.push_back({weight.get<double>(), id->second});
  }
  row.end = static_cast<uint32_t>(weights_.size());

  if (feature == "bias") {
    bias_ = row;
    return;
  }
  static constexpr std::pair<std::string_view, Kind> kNames[] = {
      {"i suffix ", kSuffix},
      {"i pref1 ", kPrefix},
      {"i-1 tag ", kTagBefore},
      {"i-2 tag ", kTagTwoBefore},
      {"i word ", kWord},
      {"i-1 word ", kWordBefore},
      {"i-1 suffix ", kSuffixBefore},
      {"i-2 word ", kWordTwoBefore},
      {"i+1 word ", kWordAfter},
      {"i+1 suffix ", kSuffixAfter},
      {"i+2 word ", kWordTwoAfter},
  };
  for (const auto& [name, kind] : kNames) {
    if (feature.starts_with(name)) {
      entries_[feature.substr(name.size())].rows[kind] = row;
      return;
    }
  }
  const std::string_view text = feature;
  for (const std::string_view name : {"i tag+i-2 tag ", "i-1 tag+i word "}) {
    if (!text.starts_with(name)) continue;
    const size_t space = text.find(' ', name.size());
    if (space == std::string_view::npos) break;
    const uint32_t before = tag_id(std::string(text.substr(name.size(), space - name.size())));
    const std::string second(text.substr(space + 1));
    if (name[1] == ' ') {
      tag_pairs_[pair_key(before, tag_id(second))] = row;
    } else {
      entries_[second].after_tag.emplace_back(before, row);
    }
    return;
  }
  broken(named + " is none of the 14 kinds", where);
}

std::vector<std::string> Tagger::classes() const {
  return {tags_.begin(), tags_.begin() + static_cast<std::ptrdiff_t>(class_count_)};
}

const Tagger::Entry* Tagger::find(std::string_view text) const {
  const auto it = entries_.find(text);
  return it == entries_.end() ? nullptr : &it->second;
}

Tagger::Place Tagger::place(std::string_view word) const {
  return {find(word), find(suffix(word))};
}

uint32_t Tagger::predict(std::string_view word, const Place* at, uint32_t before,
                         uint32_t two_before, std::vector<double>& scores) const {
  std::fill(scores.begin(), scores.end(), 0.0);
  const auto add = [&](Row row) {
    for (uint32_t i = row.begin; i < row.end; ++i) scores[weights_[i].tag] += weights_[i].value;
  };
  const auto add_entry = [&](const Entry* entry, Kind kind) {
    if (entry != nullptr) add(entry->rows[kind]);
  };
  add(bias_);
  add_entry(find(suffix(word)), kSuffix);
  add_entry(word.empty() ? nullptr : find(word.substr(0, decode_first(word).bytes.end)), kPrefix);
  add(tag_rows_[before][0]);
  add(tag_rows_[two_before][1]);
  if (const auto pair = tag_pairs_.find(pair_key(before, two_before)); pair != tag_pairs_.end())
    add(pair->second);
  add_entry(at->word, kWord);
  if (at->word != nullptr) {
    for (const auto& [tag, row] : at->word->after_tag) {
      if (tag == before) add(row);
    }
  }
  add_entry(at[-1].word, kWordBefore);
  add_entry(at[-1].suffix, kSuffixBefore);
  add_entry(at[-2].word, kWordTwoBefore);
  add_entry(at[1].word, kWordAfter);
  add_entry(at[1].suffix, kSuffixAfter);
  add_entry(at[2].word, kWordTwoAfter);
  size_t best = 0;
  for (size_t i = 1; i < class_count_; ++i) {
    if (scores[i] >= scores[best]) best = i;
  }
  return static_cast<uint32_t>(best);
}

std::vector<std::string_view> Tagger::tag(std::span<const std::string_view> words) const {
  // Two places before the first word and two after the last.
  std::vector<Place> places;
  places.reserve(words.size() + 4);
  places.push_back(place(kStart));
  places.push_back(place(kStart2));
  for (const std::string_view word : words) places.push_back(place(normalized(word)));
  places.push_back(place(kEnd));
  places.push_back(place(kEnd2));

  std::vector<std::string_view> tags;
  tags.reserve(words.size());
  std::vector<double> scores(class_count_);
  uint32_t before = start_, two_before = start2_;
  for (size_t i = 0; i < words.size(); ++i) {
    const Entry* known = find(words[i]);
    const uint32_t tag = known != nullptr && known->tag >= 0
                             ? static_cast<uint32_t>(known->tag)
                             : predict(words[i], &places[i + 2], before, two_before, scores);
    tags.push_back(tags_[tag]);
    two_before = before;
    before = tag;
  }
  return tags;
}

}  // namespace vigor::language
