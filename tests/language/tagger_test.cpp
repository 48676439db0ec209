#include "language/tagger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor::language {
namespace {

using ::testing::ElementsAre;

Tagger tagger(const std::string& weights, const std::string& dictionary = R"({"the": "DT"})") {
  return Tagger(parse_json(weights, "w"), parse_json(dictionary, "d"),
                parse_json(R"(["VB", "DT", "NN"])", "c"), "w");
}

std::vector<std::string> tags(const Tagger& tagger, const std::vector<std::string_view>& words) {
  const auto found = tagger.tag(words);
  return {found.begin(), found.end()};
}

TEST(Tagger, TheDictionaryGoesFirstAndIsCaseSensitive) {
  const Tagger made = tagger(R"({"i word the": {"NN": 9}})");
  EXPECT_THAT(tags(made, {"the", "The"}), ElementsAre("DT", "NN"));
}

TEST(Tagger, OfEqualScoresTheGreaterTagWins) {
  EXPECT_THAT(tags(tagger("{}"), {"dog"}), ElementsAre("VB"));
  EXPECT_THAT(tags(tagger(R"({"bias": {"DT": 1, "NN": 1}})"), {"dog"}), ElementsAre("NN"));
}

TEST(Tagger, FeaturesSeeNeighboursAndTagsBefore) {
  EXPECT_THAT(tags(tagger(R"({"i-1 tag+i word DT dog": {"NN": 1}})"), {"dog", "the", "dog"}),
              ElementsAre("VB", "DT", "NN"));
  EXPECT_THAT(tags(tagger(R"({"i tag+i-2 tag -START- -START2-": {"NN": 1}})"), {"a", "b"}),
              ElementsAre("NN", "VB"));
  // The word before the first is -START2-, the one after the last -END-.
  EXPECT_THAT(
      tags(tagger(R"({"i-1 word -START2-": {"NN": 1}, "i+1 suffix ND-": {"DT": 2}})"), {"a", "b"}),
      ElementsAre("NN", "DT"));
  EXPECT_THAT(tags(tagger(R"({"i word !YEAR": {"NN": 1}, "i suffix 0th": {"DT": 1},
                              "i+1 word !HYPHEN": {"NN": 1}})"),
                   {"1998", "10th", "x", "a-b"}),
              ElementsAre("NN", "DT", "NN", "VB"));
}

TEST(Tagger, BrokenFilesAreNamed) {
  EXPECT_THROW(tagger("[]"), Error);
  EXPECT_THROW(tagger(R"({"bias": {"XX": 1}})"), Error);
  EXPECT_THROW(tagger(R"({"bias": {"NN": "1"}})"), Error);
  EXPECT_THROW(tagger(R"({"i+3 word a": {"NN": 1}})"), Error);
  EXPECT_THROW(tagger(R"({"i-1 tag+i word a": {"NN": 1}})"), Error);
  EXPECT_THROW(tagger("{}", R"({"the": 1})"), Error);
  EXPECT_THROW(Tagger::load("/nonexistent"), Error);
}

}  // namespace
}  // namespace vigor::language
