#include "vigor/prompt_packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using Nouns = std::vector<std::vector<int>>;

TEST(PromptPackingTest, FillsPromptsLongestFirst) {
  // With their full stops: 2, 4, 2, 3 of 6 tokens.
  const Nouns nouns = {{1}, {2, 3, 4}, {5}, {6, 7}};
  EXPECT_THAT(pack_prompts(nouns, {.budget = 6}),
              ElementsAre(ElementsAre(1, 0), ElementsAre(3, 2)));
  EXPECT_THAT(pack_prompts(nouns, {.budget = 11}), ElementsAre(ElementsAre(1, 3, 0, 2)));
  EXPECT_TRUE(pack_prompts(Nouns{}, {}).empty());
}

TEST(PromptPackingTest, DependsOnTheSetOfNounsAlone) {
  const Nouns nouns = {{9}, {4}, {7, 1}, {3, 2}};
  const Nouns shuffled = {{3, 2}, {9}, {7, 1}, {4}};
  const auto tokens = [](const Nouns& all) {
    Nouns flat;
    for (const auto& prompt : pack_prompts(all, {.budget = 5})) {
      for (const size_t noun : prompt) flat.push_back(all[noun]);
      flat.push_back({});
    }
    return flat;
  };
  EXPECT_EQ(tokens(nouns), tokens(shuffled));
}

TEST(PromptPackingTest, NounsWithACommonTokenAreKeptApartOnRequest) {
  const Nouns nouns = {{10, 11}, {11}, {12}};
  EXPECT_EQ(pack_prompts(nouns, {}).size(), 1u);
  EXPECT_THAT(pack_prompts(nouns, {.keep_apart = true}),
              ElementsAre(ElementsAre(0, 2), ElementsAre(1)));
}

TEST(PromptPackingTest, ANounThatNoPromptHoldsIsAnError) {
  EXPECT_NO_THROW(pack_prompts(Nouns{{1, 2, 3}}, {.budget = 4}));
  EXPECT_THROW(pack_prompts(Nouns{{1, 2, 3}}, {.budget = 3}), Error);
}

}  // namespace
}  // namespace vigor
