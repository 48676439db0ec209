#include "reports/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace vigor::statistics {
namespace {

TEST(Statistics, RatioHasTheBinomialVarianceWhenEveryClusterIsOneItem) {
  std::vector<ClusterRatio> items(100, {0, 1});
  for (size_t i = 0; i < 30; ++i) items[i].numerator = 1;
  const auto estimate = ratio_estimate(items);
  ASSERT_TRUE(estimate);
  EXPECT_DOUBLE_EQ(estimate->value, 0.3);
  EXPECT_NEAR(estimate->variance(), 0.3 * 0.7 / 99, 1e-12);
}

TEST(Statistics, IdenticalItemsInAClusterDoNotNarrowTheInterval) {
  std::vector<ClusterRatio> one, six;
  for (int i = 0; i < 50; ++i) {
    one.push_back({i % 3 == 0 ? 1.0 : 0.0, 1});
    six.push_back({i % 3 == 0 ? 6.0 : 0.0, 6});
  }
  const auto a = share_interval(*ratio_estimate(one));
  const auto b = share_interval(*ratio_estimate(six));
  EXPECT_NEAR(a->low, b->low, 1e-12);
  EXPECT_NEAR(a->high, b->high, 1e-12);
}

// 6 items a cluster whose difficulty is shared: the interval must hold the truth about 95 times in
// 100. 400 worlds: standard error of the coverage 1.1 %.
TEST(Statistics, IntervalsCoverUnderClustering) {
  int covered = 0;
  for (uint64_t world = 0; world < 400; ++world) {
    CounterRandom random(7, "coverage", world);
    std::vector<ClusterRatio> clusters;
    for (int c = 0; c < 80; ++c) {
      const double p = random.uniform() < 0.5 ? 0.7 : 0.95;
      ClusterRatio cluster{0, 6};
      for (int i = 0; i < 6; ++i) cluster.numerator += random.uniform() < p ? 1 : 0;
      clusters.push_back(cluster);
    }
    const auto interval = share_interval(*ratio_estimate(clusters));
    if (interval->low <= 0.825 && 0.825 <= interval->high) ++covered;
  }
  EXPECT_GT(covered, 400 * 0.92);
  EXPECT_LT(covered, 400 * 0.98);
}

TEST(Statistics, AllRightStaysUncertain) {
  const std::vector<ClusterRatio> clusters(20, {6, 6});
  const auto interval = share_interval(*ratio_estimate(clusters));
  EXPECT_EQ(interval->high, 1.0);
  EXPECT_NEAR(interval->low, 20 / (20 + std::pow(student_t(0.95, 19), 2)),
              1e-12);  // Wilson at p = 1
}

TEST(Statistics, NothingToDivideByIsEmpty) {
  EXPECT_FALSE(ratio_estimate(std::vector<ClusterRatio>{{0, 0}}));
  EXPECT_FALSE(share_interval(*ratio_estimate(std::vector<ClusterRatio>{{1, 2}})));
}

TEST(Statistics, AurocCountsPairsAndHalvesTies) {
  // Pairs (positive, negative): (3,2) right, (3,1) right, (2,2) tie, (2,1) right -> 3.5 / 4.
  const std::vector<RankedItem> items{{3, true, 0}, {2, true, 1}, {2, false, 1}, {1, false, 0}};
  EXPECT_DOUBLE_EQ(auroc_estimate(items, 2)->value, 0.875);
  EXPECT_FALSE(auroc_estimate(std::vector<RankedItem>{{1, true, 0}}, 1));
}

// DeLong's variance for unclustered data by its definition: S10/m + S01/n with the sample variances
// of the placements. Here m = n, so that the correction C/(C-1) differs by a known factor.
TEST(Statistics, AurocVarianceIsDeLongsWithoutClusters) {
  std::vector<RankedItem> items;
  CounterRandom random(1, "auroc");
  const size_t m = 40;
  for (size_t i = 0; i < 2 * m; ++i) items.push_back({random.normal() + (i < m ? 1 : 0), i < m, i});
  std::vector<double> v10(m, 0), v01(m, 0);
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < m; ++j) {
      const double right = items[i].score > items[m + j].score ? 1 : 0;
      v10[i] += right / m;
      v01[j] += right / m;
    }
  }
  double auc = 0, s10 = 0, s01 = 0;
  for (double v : v10) auc += v / m;
  for (double v : v10) s10 += (v - auc) * (v - auc) / (m - 1);
  for (double v : v01) s01 += (v - auc) * (v - auc) / (m - 1);
  const auto estimate = auroc_estimate(items, 2 * m);
  EXPECT_NEAR(estimate->value, auc, 1e-12);
  const double correction = (2.0 * m / (2 * m - 1)) / (static_cast<double>(m) / (m - 1));
  EXPECT_NEAR(estimate->variance(), (s10 + s01) / m * correction, 1e-12);
}

TEST(Statistics, CalibrationWeighsBinsByCount) {
  // Bin [0.9, 1]: mean 0.9, half positive; bin [0, 0.1): mean 0, none positive.
  const std::vector<ProbabilityItem> items{{0.9, true}, {0.9, false}, {0, false}, {0, false}};
  const auto result = calibration(items, 10);
  EXPECT_NEAR(result->ece, 0.5 * 0.4, 1e-12);
  EXPECT_EQ(result->bins[9].count, 2);
  EXPECT_FALSE(calibration({}, 10));
}

TEST(Statistics, McNemarExactIsTheBinomialTail) {
  EXPECT_DOUBLE_EQ(mcnemar_exact(1, 9), 2 * (1 + 10) / 1024.0);
  EXPECT_DOUBLE_EQ(mcnemar_exact(5, 5), 1);
  EXPECT_DOUBLE_EQ(mcnemar_exact(0, 0), 1);
}

TEST(Statistics, PairedDifferenceSeesThatClustersAgree) {
  std::vector<ClusterRatio> a, b;
  for (int i = 0; i < 40; ++i) {
    a.push_back({static_cast<double>(i % 5), 6});
    b.push_back({static_cast<double>(i % 5 + (i % 4 == 0 ? 1 : 0)), 6});
  }
  const auto difference = paired_difference(*ratio_estimate(a), *ratio_estimate(b));
  ASSERT_TRUE(difference);
  EXPECT_NEAR(difference->value, 10.0 / 240, 1e-12);
  EXPECT_LT(difference->p, 0.01);
  const auto same = paired_difference(*ratio_estimate(a), *ratio_estimate(a));
  EXPECT_EQ(same->value, 0);
  EXPECT_EQ(same->p, 1);
}

TEST(Statistics, HolmStepsDown) {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005};
  const std::vector<double> expected{0.03, 0.06, 0.06, 0.02};
  const auto adjusted = holm(p);
  for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-12);
}

TEST(Statistics, StudentQuantile) {
  EXPECT_NEAR(student_t(0.95, 10), 2.228138852, 1e-8);  // tables
  EXPECT_NEAR(student_t(0.95, 1e6), 1.959966, 1e-5);
}

}  // namespace
}  // namespace vigor::statistics
