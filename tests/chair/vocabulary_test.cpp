#include "benchmarks/chair/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

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
  for (const Mention& mention : vocabulary().find(caption).mentions)
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

TEST(ChairVocabulary, TokensSplitMarksAndContractions) {
  EXPECT_THAT(tokenize_caption("It isn't (the man's) \"dog\"... ok?"),
              ElementsAre("it", "is", "n't", "(", "the", "man", "'s", ")", "\"", "dog", "\"", "...",
                          "ok", "?"));
}

TEST(ChairVocabulary, TokenOfAMentionCountsUnjoinedTokens) {
  const CaptionObjects found = vocabulary().find("A hot dog, a dog.");
  ASSERT_EQ(found.mentions.size(), 2u);
  EXPECT_EQ(found.mentions[0].token, 1u);
  EXPECT_EQ(found.mentions[1].token, 5u);
  EXPECT_EQ(found.words, 6u);
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
