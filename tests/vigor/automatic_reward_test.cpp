// From a caption and what a detector said to positive and negative signals.
#include "vigor/automatic_reward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/english.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;

NounRelations relations() {
  NounRelations table;
  table.add("man\tadult_male\tperson\nsurfboard\tboard\t\n", "test");
  return table;
}

const CaptionReader& reader() {
  static const CaptionReader made(testing::english(),
                                  language::NounLists::read(testing::source_dir() / "data/text"),
                                  relations(), {});
  return made;
}

// Every query has a score of 0.1 but those named.
Findings findings_of(const CaptionNouns& nouns, const std::map<std::string, float>& scores,
                     const std::string& unasked = "") {
  Findings findings;
  for (const CaptionNoun& noun : nouns.nouns) {
    for (const NounQuery& query : noun.queries) {
      NounFinding& finding = findings[query.text];
      const auto score = scores.find(query.text);
      finding.score = score == scores.end() ? 0.1f : score->second;
      finding.box = {1, 2, 3, 4};
      if (noun.concept_name == unasked) {
        finding.score.reset();
        finding.error = "cannot be asked";
      }
    }
  }
  return findings;
}

constexpr const char* kCaption =
    "A man stands on the beach. He holds a surfboard and a kite.\nA dog adds joy.";

TEST(AutomaticReward, SentencesSpansAndClasses) {
  const CaptionNouns nouns = reader().read(kCaption);
  ASSERT_EQ(nouns.sentences.size(), 3u);
  std::vector<std::string> seen;
  for (const CaptionNoun& noun : nouns.nouns) {
    EXPECT_EQ(noun.text,
              std::string(kCaption).substr(noun.span.begin, noun.span.end - noun.span.begin));
    seen.push_back(std::to_string(noun.sentence) + " " + noun.text + " " +
                   std::string(name_of(noun.noun_class)));
  }
  EXPECT_THAT(seen, ElementsAre("0 man object", "0 beach stuff", "1 surfboard object",
                                "1 kite object", "2 dog object", "2 joy abstract"));
}

TEST(AutomaticReward, FoundNounsEarnAndMissingOnesCost) {
  const CaptionNouns nouns = reader().read(kCaption);
  // The man is found as a person; the surfboard exactly at the threshold, which has to be exceeded.
  const AutomaticReward reward = automatic_reward(
      nouns, findings_of(nouns, {{"person", 0.6f}, {"surfboard", 0.25f}, {"kite", 0.9f}}),
      {.found_reward = 2, .missing_reward = -3});
  EXPECT_EQ(reward.sentences[0].positive, 2);
  EXPECT_EQ(reward.sentences[0].negative, 0);
  EXPECT_EQ(reward.sentences[0].stuff, 1);
  EXPECT_EQ(reward.sentences[1].positive, 2);
  EXPECT_EQ(reward.sentences[1].negative, -3);
  EXPECT_EQ(reward.sentences[2].negative, -3);
  EXPECT_EQ(reward.sentences[2].abstract, 1);
  EXPECT_EQ(reward.caption.positive, 4);
  EXPECT_EQ(reward.caption.negative, -6);
  EXPECT_EQ(reward.nouns[0].query.text, "person");
  EXPECT_EQ(reward.nouns[0].query.relation, NounRelation::kHypernym);
  EXPECT_EQ(reward.nouns[2].verdict, NounVerdict::kMissing);
  EXPECT_EQ(*reward.nouns[2].score, 0.25f);
}

TEST(AutomaticReward, WhatCannotBeAskedIsNeitherFoundNorMissing) {
  const CaptionNouns nouns = reader().read(kCaption);
  const AutomaticReward reward =
      automatic_reward(nouns, findings_of(nouns, {{"man", 0.9f}}, "dog"), {});
  EXPECT_EQ(reward.nouns[4].verdict, NounVerdict::kUnasked);
  EXPECT_EQ(reward.nouns[4].error, "cannot be asked");
  EXPECT_FALSE(reward.nouns[4].score);
  EXPECT_EQ(reward.sentences[2].negative, 0);
  EXPECT_EQ(reward.sentences[2].unasked, 1);
}

TEST(AutomaticReward, ANounThatItsHypernymLacksIsMissing) {
  // The detector knows a closed list: "man" is not in it, "person" is.
  const CaptionNouns nouns = reader().read("A man smiles.");
  Findings findings = findings_of(nouns, {});
  for (auto& [query, finding] : findings) {
    if (query != "person") finding = {.score = {}, .error = "not in the list"};
  }
  EXPECT_EQ(automatic_reward(nouns, findings, {}).nouns[0].verdict, NounVerdict::kMissing);
}

TEST(AutomaticReward, AnEmptyCaptionEarnsNothing) {
  const CaptionNouns nouns = reader().read("");
  const Json keys = reward_keys(nouns, automatic_reward(nouns, {}, {}));
  EXPECT_EQ(keys["reward"], 0.0);
  EXPECT_TRUE(keys["sentences"].empty());
}

TEST(AutomaticReward, RowsSayWhatWasAskedAndFound) {
  const CaptionNouns nouns = reader().read("A man on a beach.");
  const Json keys =
      reward_keys(nouns, automatic_reward(nouns, findings_of(nouns, {{"person", 0.5f}}), {}));
  EXPECT_EQ(keys["nouns"][0], Json::parse(R"({"sentence":0,"span":[2,5],"text":"man",
    "concept":"man","class":"object","why":"wordnet","verdict":"found","score":0.5,
    "box":[1.0,2.0,3.0,4.0],"query":"person","relation":"hypernym"})"));
  EXPECT_EQ(keys["nouns"][1]["verdict"], "no object");
  EXPECT_EQ(keys["counts"]["stuff"], 1);
}

}  // namespace
}  // namespace vigor
