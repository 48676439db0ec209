// What is asked for a noun, with the tables that the program ships.
#include "vigor/noun_relations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/shared_data.h"

namespace vigor {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const NounRelations& shipped() {
  static const NounRelations relations = [] {
    const std::filesystem::path folder = testing::source_dir() / "data/text";
    const std::filesystem::path files[] = {folder / "wordnet_relations.tsv",
                                           folder / "noun_relations.tsv"};
    return NounRelations::read(files);
  }();
  return relations;
}

std::vector<std::string> queries(const std::string& query, const std::string& lemma,
                                 const std::string& concept_name, NounQueryOptions options = {}) {
  language::NounPhrase phrase;
  phrase.query = query;
  phrase.lemma = lemma;
  phrase.concept_name = concept_name;
  std::vector<std::string> texts;
  for (const NounQuery& one : noun_queries(phrase, shipped(), options))
    texts.push_back(one.text + " (" + std::string(name_of(one.relation)) + ")");
  return texts;
}

TEST(NounRelations, AManIsAPerson) {
  EXPECT_THAT(queries("men", "man", "man"),
              ElementsAre("men (as written)", "man (base form)", "adult male (synonym)",
                          "person (hypernym)"));
}

TEST(NounRelations, AKindIsNotLookedForAsAnimalOrVehicle) {
  EXPECT_THAT(queries("dog", "dog", "dog"),
              ElementsAre("dog (as written)", "domestic dog (synonym)"));
  EXPECT_THAT(queries("car", "car", "car"), Not(Contains(HasSubstr("vehicle"))));
}

TEST(NounRelations, OwnEntriesReplaceThoseOfWordnet) {
  EXPECT_THAT(queries("kitten", "kitten", "kitten"), Contains("cat (hypernym)"));
  // WordNet's first thing called mug is a gullible person.
  EXPECT_THAT(queries("mug", "mug", "mug"),
              ElementsAre("mug (as written)", "coffee mug (synonym)", "cup (hypernym)"));
}

TEST(NounRelations, TheHeadOfALongPhraseIsAKindOfHypernym) {
  EXPECT_THAT(queries("show poodles", "poodle", "poodle"),
              ElementsAre("show poodles (as written)", "show poodle (base form)", "poodle (head)",
                          ::testing::HasSubstr("(synonym)"), "dog (hypernym)"));
}

TEST(NounRelations, BothCanBeTurnedOff) {
  EXPECT_THAT(queries("men", "man", "man", {.synonyms = false, .hypernyms = false}),
              ElementsAre("men (as written)", "man (base form)"));
}

TEST(NounRelations, AMistakeIsNamedByLine) {
  NounRelations relations;
  try {
    relations.add("man\t\tperson\nwoman person\n", "own.tsv");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("own.tsv:2"));
  }
}

}  // namespace
}  // namespace vigor
