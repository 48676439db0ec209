#include "judges/client/budget.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

ChatPrices prices() {
  return {.input_per_million = 2.5, .output_per_million = 10};
}

TEST(Budget, PricesTokensAsTheTableSays) {
  const Budget budget(prices(), std::nullopt);
  EXPECT_DOUBLE_EQ(Budget::in_currency(budget.worst({.prompt_most = 1000, .completion_most = 100})),
                   0.0035);
  EXPECT_DOUBLE_EQ(
      Budget::in_currency(budget.price({.prompt_tokens = 1000, .completion_tokens = 100})), 0.0035);
}

TEST(Budget, ReservesTheWorstCase) {
  Budget budget(prices(), 0.01);
  const Money most = budget.worst({.prompt_most = 2000});  // 0.005
  EXPECT_TRUE(budget.reserve(most));
  EXPECT_TRUE(budget.reserve(most));
  EXPECT_FALSE(budget.reserve(most)) << "exactly spent";
  budget.settle(most, 0);
  EXPECT_TRUE(budget.reserve(most));
}

TEST(Budget, SettlesWithWhatItCost) {
  Budget budget(prices(), 0.01);
  const Money most = budget.worst({.prompt_most = 4000});
  ASSERT_TRUE(budget.reserve(most));
  budget.settle(most, budget.price({.prompt_tokens = 400}));
  EXPECT_DOUBLE_EQ(budget.spent(), 0.001);
  EXPECT_FALSE(budget.reserve(most));
  EXPECT_TRUE(budget.reserve(budget.worst({.prompt_most = 3600})));
}

TEST(Budget, WhatNobodyKnowsCountsAsSpentAndIsToldApart) {
  Budget budget(prices(), 0.01);
  const Money most = budget.worst({.prompt_most = 4000});
  ASSERT_TRUE(budget.reserve(most));
  budget.settle_unknown(most);
  EXPECT_EQ(budget.spent(), 0);
  EXPECT_DOUBLE_EQ(budget.unknown(), 0.01);
  EXPECT_FALSE(budget.reserve(1));
}

TEST(Budget, IsExactOverMillionsOfRequests) {
  Budget budget({.input_per_million = 0.1}, 0.1);
  const Money one = budget.worst({.prompt_most = 1});  // a ten-millionth: no binary fraction
  for (int i = 0; i < 1'000'000; ++i) {
    ASSERT_TRUE(budget.reserve(one));
    budget.settle(one, one);
  }
  EXPECT_FALSE(budget.reserve(one));
  EXPECT_DOUBLE_EQ(budget.spent(), 0.1);
}

TEST(Budget, WithoutALimitItCounts) {
  Budget budget(prices(), std::nullopt);
  for (int i = 0; i < 10; ++i) {
    const Money most = budget.worst({.prompt_most = 1'000'000'000});
    ASSERT_TRUE(budget.reserve(most));
    budget.settle(most, most);
  }
  EXPECT_DOUBLE_EQ(budget.spent(), 25000);
}

}  // namespace
}  // namespace vigor
