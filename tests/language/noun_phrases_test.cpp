#include "language/noun_phrases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/english.h"

namespace vigor::language {
namespace {

using ::testing::ElementsAre;

const NounPhraseFinder& finder() {
  static const NounPhraseFinder made(testing::english().nouns,
                                     NounLists::read(testing::source_dir() / "data/text"));
  return made;
}

// "concept (class)" of each phrase.
std::vector<std::string> phrases(const std::string& sentence, std::vector<std::string_view> tags) {
  std::vector<std::string> found;
  for (const NounPhrase& phrase : finder().find(tokenize_words(sentence), tags))
    found.push_back(phrase.concept_name + " (" + std::string(name_of(phrase.noun_class)) + ")");
  return found;
}

TEST(NounPhrases, RunsCompoundsAndClasses) {
  EXPECT_THAT(phrases("two men eat a hot dog in the kitchen with joy",
                      {"CD", "NNS", "VBP", "DT", "JJ", "NN", "IN", "DT", "NN", "IN", "NN"}),
              ElementsAre("man (object)", "hot_dog (object)", "kitchen (stuff)", "joy (abstract)"));
}

TEST(NounPhrases, SpansTakeInAdjectivesAndTheArticle) {
  const std::string text = "The old stop signs.";
  const auto words = tokenize_words(text);
  const std::vector<std::string_view> tags = {"DT", "JJ", "NN", "NNS", "."};
  const auto found = finder().find(words, tags);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].span, (Span{8, 18}));
  EXPECT_EQ(found[0].chunk, (Span{0, 18}));
  EXPECT_EQ(found[0].query, "stop signs");
  EXPECT_EQ(found[0].concept_name, "stop_sign");
  EXPECT_EQ(found[0].head, "signs");
}

TEST(NounPhrases, UnknownWordsAreAskedAndMistaggedOnesAreNot) {
  EXPECT_THAT(phrases("zorbleflux % quickly", {"NN", "NN", "NN"}),
              ElementsAre("zorbleflux (object)", "quickly (abstract)"));
}

}  // namespace
}  // namespace vigor::language
