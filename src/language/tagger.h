// Part-of-speech tags by the averaged perceptron of NLTK (after Honnibal 2013), from weights in the
// JSON form of NLTK 3.9 and later. Tags are those of the Penn Treebank.
//
// A word of the tag dictionary has its tag. Any other gets the class with the largest sum of the
// weights of 14 features (the word, its ends, its neighbours, the two tags before it); of equal
// sums the class that is greater in code-point order. Weights are doubles added in a fixed order:
// the rounding of near ties is observable, and the same as NLTK's.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"

namespace vigor::language {

class Tagger {
 public:
  // A folder with one NAME.weights.json, NAME.tagdict.json and NAME.classes.json. Throws Error
  // naming file and key.
  static Tagger load(const std::filesystem::path& folder);
  // Those three files: weights, dictionary, classes.
  static std::vector<std::filesystem::path> files(const std::filesystem::path& folder);
  // weights: {feature: {tag: weight}}; dictionary: {word: tag}; classes: [tag, ...]. `where` names
  // the source in messages.
  Tagger(const Json& weights, const Json& dictionary, const Json& classes,
         const std::string& where);

  // One tag a word; the views live as long as the tagger.
  std::vector<std::string_view> tag(std::span<const std::string_view> words) const;

  // Of the classes, in code-point order.
  std::vector<std::string> classes() const;

 private:
  // Features of one string, by what the string stands for.
  enum Kind {
    kSuffix,        // i suffix
    kPrefix,        // i pref1
    kTagBefore,     // i-1 tag
    kTagTwoBefore,  // i-2 tag
    kWord,          // i word
    kWordBefore,
    kSuffixBefore,
    kWordTwoBefore,
    kWordAfter,
    kSuffixAfter,
    kWordTwoAfter,
    kKinds
  };
  struct Weight {
    double value = 0;
    uint32_t tag = 0;
  };
  // A range of weights_; an empty one adds nothing.
  struct Row {
    uint32_t begin = 0, end = 0;
  };
  // What is known of a string, in any of its roles.
  struct Entry {
    std::array<Row, kKinds> rows{};
    int tag = -1;  // of the dictionary
    // Rows of "i-1 tag+i word" for this word, by the tag before; empty when there is none.
    std::vector<std::pair<uint32_t, Row>> after_tag;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // A word in its sentence, looked up.
  struct Place {
    const Entry* word = nullptr;    // normalised
    const Entry* suffix = nullptr;  // of the normalised word
  };

  void read_feature(const std::string& feature, const Json& weights, const std::string& where);
  uint32_t tag_id(const std::string& tag);
  const Entry* find(std::string_view text) const;
  Place place(std::string_view word) const;
  uint32_t predict(std::string_view word, const Place* at, uint32_t before, uint32_t two_before,
                   std::vector<double>& scores) const;

  std::vector<std::string> tags_;  // the classes, sorted; then tags that only features name
  size_t class_count_ = 0;
  uint32_t start_ = 0, start2_ = 0;  // tags before the first word
  std::unordered_map<std::string, uint32_t> tag_ids_;
  std::vector<Weight> weights_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  Row bias_;
  std::unordered_map<uint64_t, Row> tag_pairs_;  // "i tag+i-2 tag"
  std::vector<std::array<Row, 2>> tag_rows_;     // kTagBefore and kTagTwoBefore, by tag
};

}  // namespace vigor::language
