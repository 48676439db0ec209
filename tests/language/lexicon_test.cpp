#include "language/lexicon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/english.h"

namespace vigor::language {
namespace {

using ::testing::ElementsAre;

TEST(Lexicon, BaseFormsOfNouns) {
  const Lexicon& nouns = testing::english().nouns;
  EXPECT_THAT(nouns.morphy("churches"), ElementsAre("church"));
  EXPECT_THAT(nouns.morphy("geese"), ElementsAre("goose"));     // an exception
  EXPECT_THAT(nouns.morphy("men"), ElementsAre("men", "man"));  // a noun by itself as well
  EXPECT_THAT(nouns.morphy("dogs"), ElementsAre("dog"));
  EXPECT_THAT(nouns.morphy("qqqs"), ElementsAre());
  EXPECT_EQ(nouns.lemmatize("men"), "men");
  EXPECT_EQ(nouns.lemmatize("glasses"), "glass");
  EXPECT_EQ(nouns.lemmatize("qqqs"), "qqqs");
  EXPECT_EQ(nouns.find("dog")->concreteness, 1000u);
  EXPECT_FALSE(nouns.find("dogs"));
}

TEST(Lexicon, BaseFormsOfVerbs) {
  const Lexicon& verbs = testing::english().verbs;
  EXPECT_EQ(verbs.lemmatize("skiing"), "ski");
  EXPECT_EQ(verbs.lemmatize("seated"), "seat");
  EXPECT_EQ(verbs.lemmatize("parked"), "park");
  EXPECT_EQ(verbs.lemmatize("is"), "be");
}

TEST(Lexicon, RulesAreAppliedAgainWhenNothingIsKnown) {
  const Lexicon nouns(PartOfSpeech::kNoun, "boss\t0\t1\ncat\n", "n", "oxen ox\n", "e");
  EXPECT_THAT(nouns.morphy("catss"), ElementsAre("cat"));
  EXPECT_THAT(nouns.morphy("oxen"), ElementsAre());  // its base form is no known noun
  EXPECT_THAT(nouns.morphy(std::string(100000, 's')), ElementsAre());
}

TEST(Lexicon, BrokenFilesAreNamed) {
  const auto made = [](const char* words, const char* exceptions = "") {
    return Lexicon(PartOfSpeech::kNoun, words, "words.tsv", exceptions, "noun.exc");
  };
  EXPECT_THROW(made(""), Error);
  EXPECT_THROW(made("cat\t1\n"), Error);
  EXPECT_THROW(made("cat\t1001\t0\n"), Error);
  EXPECT_THROW(made("cat", "oxen\n"), Error);
  try {
    made("cat\ndog\tx\t1\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().where, "words.tsv:2");
  }
}

}  // namespace
}  // namespace vigor::language
