#include "benchmarks/chair/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "benchmarks/chair/words.h"
#include "tests/testing/english.h"

namespace vigor::chair {
namespace {

using ::testing::ElementsAre;

const Vocabulary& vocabulary() {
  static const Vocabulary words = Vocabulary::parse(
      "person, man, woman, child, people, baby\r\n"
      "dog, puppy\n\n"
      "hot dog\nchair, seat \ndining table, table\ntoilet\nskis, ski\nknife\nbear\ntree\npalm "
      "tree\n",
      "synonyms.txt");
  return words;
}

std::vector<std::string> objects(const std::string& caption) {
  std::vector<std::string> names;
  for (const Mention& mention :
       vocabulary().find(caption_words(caption, testing::english())).mentions)
    names.push_back(mention.object);
  return names;
}

TEST(ChairVocabulary, SynonymsAndPlurals) {
  EXPECT_THAT(objects("Two women, a child's puppies and knives."),
              ElementsAre("person", "person", "dog", "knife"));
}

TEST(ChairVocabulary, TwoWordNamesAreOneObject) {
  EXPECT_THAT(objects("A hot dog and a dog."), ElementsAre("hot dog", "dog"));
  EXPECT_THAT(objects("dining tables"), ElementsAre("dining table"));
  EXPECT_THAT(objects("palm trees by a tree"), ElementsAre("palm tree", "tree"));
}

TEST(ChairVocabulary, QualifiersAreNoObjects) {
  EXPECT_THAT(objects("a baby bear"), ElementsAre("bear"));
  EXPECT_THAT(objects("The seat of the toilet is up."), ElementsAre("toilet"));
  EXPECT_THAT(objects("a toilet seat"), ElementsAre("toilet"));
}

TEST(ChairVocabulary, VerbsThatALemmatiserTurnsIntoObjects) {
  EXPECT_THAT(objects("She is seated after skiing."), ElementsAre("chair", "skis"));
}

TEST(ChairVocabulary, WordsAreBaseForms) {
  EXPECT_THAT(caption_words("It isn't (the men's) Dogs.", testing::english()),
              ElementsAre("it", "be", "n't", "(", "the", "men", "'s", ")", "dog", "."));
}

TEST(ChairVocabulary, AClassMayBeAPlural) {
  Vocabulary words({{"skis"}, {"dog"}});
  const auto tokens = caption_words("Two skis.", testing::english());
  EXPECT_TRUE(words.find(tokens).mentions.empty());
  words.add_base_forms(testing::english().nouns);
  EXPECT_EQ(words.find(tokens).mentions.at(0).object, "skis");
}

TEST(ChairVocabulary, TokenOfAMentionCountsUnjoinedTokens) {
  const CaptionObjects found = vocabulary().find({"a", "hot", "dog", ",", "a", "dog", "."});
  ASSERT_EQ(found.mentions.size(), 2u);
  EXPECT_EQ(found.mentions[0].token, 1u);
  EXPECT_EQ(found.mentions[1].token, 5u);
  EXPECT_EQ(found.words, 6u);
}

TEST(ChairVocabulary, AStrayBlankHidesAWordInTheOfficialDialect) {
  const char* const file = "cake,  cheesecake,cupcake, pie \n";
  const Vocabulary official = Vocabulary::parse(file, "s.txt");
  EXPECT_EQ(official.class_of("cheesecake"), "");
  EXPECT_EQ(official.class_of("cupcake"), "cake");
  EXPECT_EQ(official.class_of("pie"), "cake");
  const Vocabulary trimmed = Vocabulary::parse(file, "s.txt", Dialect::kTrimmed);
  EXPECT_EQ(trimmed.class_of("cheesecake"), "cake");
  EXPECT_THROW(parse_dialect("lmms"), Error);
}

TEST(ChairVocabulary, BrokenFilesAreErrors) {
  EXPECT_THROW(Vocabulary::parse("", "s.txt"), Error);
  try {
    Vocabulary::parse("dog\n, cat\n", "s.txt");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().where, "s.txt:2");
  }
}

}  // namespace
}  // namespace vigor::chair
