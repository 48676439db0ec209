#include "judges/ranking/tie_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigor::ranking {
namespace {

using ::testing::ElementsAre;

TEST(TieGroups, TiedCandidatesShareTheMeanOfTheirPlaces) {
  EXPECT_THAT(average_ranks({{2}, {0, 3}, {1}}, 4), ElementsAre(2.5, 4, 1, 2.5));
  EXPECT_THAT(average_ranks({{0, 1, 2, 3}}, 4), ElementsAre(2.5, 2.5, 2.5, 2.5));
}

TEST(TieGroups, CompleteNeedsEveryCandidateOnce) {
  EXPECT_TRUE(complete({{1}, {0, 2}}, 3));
  EXPECT_FALSE(complete({{1}, {0}}, 3));
  EXPECT_FALSE(complete({{1}, {0, 1, 2}}, 3));
  EXPECT_FALSE(complete({{1}, {0, 3}}, 3));
}

TEST(TieGroups, RanksMayNumberTiesInThreeWays) {
  const TieGroups expected = {{3}, {0, 2}, {1}};
  for (const std::vector<double>& ranks :
       {std::vector<double>{2, 4, 2, 1}, {2, 3, 2, 1}, {2.5, 4, 2.5, 1}}) {
    EXPECT_EQ(groups_of_ranks(ranks), expected);
  }
}

TEST(TieGroups, ScoresAreNoRanks) {
  for (const std::vector<double>& ranks :
       {std::vector<double>{8, 7, 9, 6}, {9, 9, 9, 9}, {1, 2, 3, 5}, {4, 3, 4, 3}, {0, 1, 2, 3}}) {
    EXPECT_FALSE(groups_of_ranks(ranks).has_value());
  }
}

}  // namespace
}  // namespace vigor::ranking
