// Expected values: scipy 1.10.1 (friedmanchisquare; wilcoxon with mode "exact", and "approx"
// without correction), and for Bradley-Terry a maximum of the likelihood found by BFGS.
#include "reports/rank_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace vigor::statistics {
namespace {

const RankTable kRanks = {{4, 2, 3, 1}, {4, 3, 2, 1},     {3, 4, 2, 1}, {4, 2.5, 2.5, 1},
                          {2, 4, 3, 1}, {4, 3, 1, 2},     {3, 4, 1, 2}, {4, 2, 3, 1},
                          {4, 1, 3, 2}, {2.5, 4, 2.5, 1}, {4, 3, 2, 1}, {1, 4, 3, 2}};

TEST(RankStatistics, FriedmanWithTiesAsScipy) {
  const auto test = friedman(kRanks);
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->statistic, 16.90677966101695, 1e-12);
  EXPECT_EQ(test->degrees_of_freedom, 3);
  EXPECT_NEAR(test->p, 0.000738635859120835, 1e-15);
}

TEST(RankStatistics, ConcordanceIsOneWhenAllRankAlike) {
  EXPECT_NEAR(*kendalls_w(kRanks), 0.46963276836158196, 1e-14);
  EXPECT_DOUBLE_EQ(*kendalls_w({{1, 2.5, 2.5}, {1, 2.5, 2.5}}), 1);
  EXPECT_DOUBLE_EQ(*kendalls_w({{1, 2, 3}, {3, 2, 1}}), 0);
  EXPECT_FALSE(kendalls_w({{2, 2, 2}, {2, 2, 2}}));
  EXPECT_FALSE(kendalls_w({{1, 2, 3}}));
}

TEST(RankStatistics, WilcoxonIsExactForFewDifferences) {
  const std::vector<double> d = {6.1, -2.3, 4.4, 5.2, -1.7, 3.3, 8.8, -0.6, 2.9, 7.1};
  const SignedRank test = wilcoxon(d);
  EXPECT_EQ(test.statistic, 6);
  EXPECT_NEAR(test.p, 0.02734375, 1e-15);
}

// scipy has no exact test with ties: all 1,024 patterns of signs were counted.
TEST(RankStatistics, WilcoxonIsExactWithTiesAndZeros) {
  const std::vector<double> d = {3, -1, 0, 2, 2, -1, 1, 0, 1, -3, 2, 1};
  const SignedRank test = wilcoxon(d);
  EXPECT_EQ(test.used, 10);
  EXPECT_EQ(test.statistic, 15.5);
  EXPECT_NEAR(test.p, 0.224609375, 1e-15);
}

TEST(RankStatistics, WilcoxonOfManyIsTheNormalApproximation) {
  std::vector<double> d;
  for (int i = 0; i < 60; ++i) d.push_back(((i * 37) % 23) - 9);
  const SignedRank test = wilcoxon(d);
  EXPECT_EQ(test.statistic, 595);
  EXPECT_NEAR(test.p, 0.04353205576279501, 1e-12);
}

TEST(RankStatistics, NoDifferenceIsNoEvidence) {
  EXPECT_EQ(wilcoxon(std::vector<double>{0, 0, 0}).p, 1);
  EXPECT_EQ(wilcoxon({}).p, 1);
}

TEST(RankStatistics, OrdersAreComparedPairByPair) {
  const PairOrder order =
      compare_orders(std::vector<double>{1, 2, 3.5, 3.5}, std::vector<double>{2, 1, 3, 4});
  EXPECT_EQ(order.pairs, 6);
  EXPECT_EQ(order.reversed, 1);
  EXPECT_EQ(order.untied, 1);
}

// Games of seven baseball teams in 1987 (Agresti, Categorical Data Analysis): the textbook's
// estimates against the last team are 1.58 1.44 1.29 1.25 1.11 0.68.
TEST(RankStatistics, BradleyTerryOfATextbookExample) {
  const auto logs = bradley_terry({{0, 7, 9, 7, 7, 9, 11},
                                   {6, 0, 7, 5, 11, 9, 9},
                                   {4, 6, 0, 7, 7, 8, 12},
                                   {6, 8, 6, 0, 6, 7, 10},
                                   {6, 2, 6, 7, 0, 7, 12},
                                   {4, 4, 5, 6, 6, 0, 6},
                                   {2, 4, 1, 3, 1, 7, 0}});
  ASSERT_TRUE(logs);
  const std::vector<double> expected = {0.53115334, 0.38620578,  0.24428264, 0.19741535,
                                        0.05749532, -0.36634974, -1.05020268};
  EXPECT_THAT(*logs, ::testing::Pointwise(::testing::DoubleNear(5e-7), expected));
}

TEST(RankStatistics, AModelThatAlwaysWinsHasNoFiniteStrengthWithoutAPrior) {
  const std::vector<std::vector<double>> wins = {{0, 5, 5}, {0, 0, 3}, {0, 2, 0}};
  EXPECT_FALSE(bradley_terry(wins));
  const auto logs = bradley_terry(wins, 0.5);
  ASSERT_TRUE(logs);
  EXPECT_TRUE(std::isfinite((*logs)[0]));
  EXPECT_GT((*logs)[0], (*logs)[1]);
}

TEST(RankStatistics, TheBootstrapOfAMeanHasItsStandardError) {
  std::vector<double> values;
  CounterRandom random(1, "values");
  for (int i = 0; i < 400; ++i) values.push_back(random.normal());
  const auto mean = [&](const ImageWeights& weights) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i];
    return std::vector<double>{sum / 400, std::nan("")};
  };
  const auto intervals = bootstrap(400, mean);
  ASSERT_EQ(intervals.size(), 2u);
  ASSERT_TRUE(intervals[0]);
  // 2 * 1.96 / sqrt(400), up to the sample's own deviation and the noise of 2,000 replicates.
  EXPECT_NEAR(intervals[0]->high - intervals[0]->low, 0.196, 0.03);
  EXPECT_FALSE(intervals[1]);
  EXPECT_EQ(bootstrap(400, mean)[0]->low, intervals[0]->low);
}

}  // namespace
}  // namespace vigor::statistics
