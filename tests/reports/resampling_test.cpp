#include "reports/resampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/random.h"

namespace vigor::statistics {
namespace {

// Clusters of `items` questions whose difficulty is shared; the truth is `p` on average.
std::vector<ClusterRatio> world(CounterRandom& random, int clusters, int items, double p) {
  std::vector<ClusterRatio> out;
  for (int c = 0; c < clusters; ++c) {
    const double here = p + (random.uniform() - 0.5) * 0.3;
    ClusterRatio cluster{0, static_cast<double>(items)};
    for (int i = 0; i < items; ++i) cluster.numerator += random.uniform() < here ? 1 : 0;
    out.push_back(cluster);
  }
  return out;
}

// Two models on the same pictures: `drop` is how much less the second is right, in truth.
std::pair<RatioSum, RatioSum> paired_worlds(CounterRandom& random, int clusters, double drop) {
  RatioSum a{{1, {}}}, b{{1, {}}};
  for (int c = 0; c < clusters; ++c) {
    const double p = 0.7 + 0.25 * random.uniform();
    ClusterRatio left{0, 6}, right{0, 6};
    for (int i = 0; i < 6; ++i) {
      const double shared = random.uniform();
      left.numerator += shared < p ? 1 : 0;
      const double own = random.uniform() < 0.4 ? random.uniform() : shared;
      right.numerator += own < p - drop ? 1 : 0;
    }
    a[0].clusters.push_back(left);
    b[0].clusters.push_back(right);
  }
  return {a, b};
}

SeededEstimate one_seed(const RatioSum& sum) {
  return seeded_estimate(std::vector<Estimate>{*sum_estimate(sum)});
}

// Simulations of 2,000 worlds have a standard error of 0.5 % at 95 %: the bounds are those of the
// issue, and VIGOR_WORLDS=20000 looks closer.
int worlds() {
  const char* text = std::getenv("VIGOR_WORLDS");
  return text == nullptr ? 2000 : std::max(100, std::atoi(text));
}

TEST(Resampling, ASumOfRatiosIsTheWeightedSumOfItsTerms) {
  const RatioSum sum = {{100, {{1, 2}, {2, 2}}}, {50, {{1, 1}, {0, 1}}}};
  const auto estimate = sum_estimate(sum);
  ASSERT_TRUE(estimate);
  EXPECT_DOUBLE_EQ(estimate->value, 100 * 0.75 + 50 * 0.5);
  EXPECT_EQ(estimate->clusters, 2u);
  // Influences of the terms: (1 - 0.75 * 2) / 4 and (1 - 0.5) / 2.
  EXPECT_DOUBLE_EQ(estimate->influence[0], 100 * -0.125 + 50 * 0.25);
}

TEST(Resampling, AnUndefinedTermLeavesNoFigure) {
  EXPECT_FALSE(sum_estimate({{1, {{1, 1}}}, {1, {{0, 0}}}}));
  EXPECT_FALSE(sum_estimate({}));
}

TEST(Resampling, AnAurocIsOneRatioToFirstOrder) {
  CounterRandom random(5, "auroc");
  std::vector<RankedItem> items;
  std::vector<double> count(12, 0);
  for (size_t i = 0; i < 90; ++i) {
    const size_t cluster = i % 9;  // three clusters have no item
    items.push_back({random.normal() + (i % 2 == 0 ? 1 : 0), i % 2 == 0, cluster});
    ++count[cluster];
  }
  const auto plain = auroc_estimate(items, 12);
  const auto again = sum_estimate({linearised(*plain, count)});
  ASSERT_TRUE(again);
  EXPECT_NEAR(again->value, plain->value, 1e-14);
  EXPECT_EQ(again->clusters, 9u);
  for (size_t c = 0; c < 12; ++c) EXPECT_NEAR(again->influence[c], plain->influence[c], 1e-15);
}

TEST(Resampling, ACalibrationErrorIsARatioOverItsItems) {
  CounterRandom random(6, "ece");
  std::vector<ProbabilityItem> items = {{0, true}, {1, false}, {1, true}};
  std::vector<size_t> cluster = {0, 1, 2};
  for (size_t i = 0; i < 200; ++i) {
    const double p = random.uniform();
    items.push_back({p, random.uniform() < p * p});
    cluster.push_back(i % 20);
  }
  const auto term = calibration_term(items, cluster, 21, 10);
  EXPECT_NEAR(sum_estimate({term})->value, calibration(items, 10)->ece, 1e-14);
  EXPECT_EQ(term.clusters[20].denominator, 0);
  EXPECT_FALSE(sum_estimate({calibration_term({}, {}, 3)}));
}

TEST(Resampling, ImagesThatARunDoesNotHaveSayNothing) {
  CounterRandom random(1, "placed");
  const RatioSum sum = {{1, world(random, 20, 6, 0.8)}};
  std::vector<size_t> position(20);
  for (size_t i = 0; i < 20; ++i) position[i] = 2 * i + 1;
  const auto a = sum_estimate(sum), b = sum_estimate(placed(sum, position, 50));
  EXPECT_DOUBLE_EQ(a->value, b->value);
  EXPECT_EQ(b->influence.size(), 50u);
  EXPECT_EQ(b->clusters, 20u);
  EXPECT_DOUBLE_EQ(a->variance(), b->variance());
}

TEST(Resampling, OneSeedEachIsThePairedDifference) {
  CounterRandom random(2, "pair");
  const auto [a, b] = paired_worlds(random, 50, 0.05);
  const auto plain = paired_difference(*sum_estimate(a), *sum_estimate(b));
  const auto seeded = seeded_difference(one_seed(a), one_seed(b));
  ASSERT_TRUE(seeded);
  EXPECT_DOUBLE_EQ(seeded->difference.value, plain->value);
  EXPECT_DOUBLE_EQ(seeded->difference.interval.low, plain->interval.low);
  EXPECT_NEAR(seeded->difference.p, plain->p, 1e-12);
  EXPECT_FALSE(seeded->seeds_counted);
}

// Closed form: no error from images, so the variance is s^2 (1/S_a + 1/S_b) with S_a + S_b - 2
// degrees of freedom.
TEST(Resampling, SeedsAreASecondSourceOfError) {
  const auto constant = [](double value) {
    return *sum_estimate({{1, {{value, 1}, {value, 1}, {value, 1}}}});
  };
  const auto a = seeded_estimate(std::vector{constant(0.80), constant(0.82), constant(0.84)});
  const auto b = seeded_estimate(std::vector{constant(0.86), constant(0.90)});
  const auto tested = seeded_difference(a, b);
  ASSERT_TRUE(tested);
  EXPECT_TRUE(tested->seeds_counted);
  EXPECT_NEAR(tested->difference.value, 0.06, 1e-12);
  const double pooled = (0.0008 + 0.0008) / 3;
  EXPECT_NEAR(tested->standard_error, std::sqrt(pooled * (1.0 / 3 + 1.0 / 2)), 1e-12);
  EXPECT_NEAR(tested->degrees_of_freedom, 3, 1e-9);
}

TEST(Resampling, OneSidedTestsAgreeWithStudentsTable) {
  const OneSided sides = one_sided(2, 0, 1, 10);
  EXPECT_NEAR(sides.above, 0.036694, 1e-6);
  EXPECT_NEAR(sides.below, 1 - 0.036694, 1e-6);
  EXPECT_NEAR(one_sided(2.5, 0.5, 1, 10).above, sides.above, 1e-12);
}

TEST(Resampling, WithoutErrorADifferenceIsOnOneSideOfTheBound) {
  EXPECT_EQ(one_sided(0.02, 0.01, 0, 9).above, 0);
  EXPECT_EQ(one_sided(0.02, 0.01, 0, 9).below, 1);
  EXPECT_EQ(one_sided(0, 0, 0, 9).above, 1);
  EXPECT_EQ(one_sided(0, 0, 0, 9).below, 1);
}

TEST(Resampling, MinimumDetectableDifferenceIsNormalTheoryForManyImages) {
  EXPECT_NEAR(minimum_detectable_difference(0.01, 1e7, 0.05, 0.8), 0.01 * (1.644854 + 0.841621),
              1e-6);
  EXPECT_EQ(minimum_detectable_difference(0, 100, 0.05, 0.8), 0);
}

TEST(Resampling, NeededImagesBringTheDetectableDifferenceDown) {
  const size_t needed = clusters_needed(0.02, 100, 0.01, 0.05, 0.8);
  const double error = 0.02 * std::sqrt(100.0 / static_cast<double>(needed));
  EXPECT_NEAR(minimum_detectable_difference(error, 99, 0.05, 0.8), 0.01, 1e-4);
  EXPECT_EQ(clusters_needed(0.02, 100, 0, 0.05), 0u);
}

TEST(Resampling, BootstrapRepeatsItselfAndDependsOnItsSeed) {
  CounterRandom random(3, "bootstrap");
  const std::vector<RatioSum> figures = {{{1, world(random, 40, 6, 0.8)}}};
  const auto a = resampled_intervals(figures, {.resamples = 500, .seed = 1});
  const auto b = resampled_intervals(figures, {.resamples = 500, .seed = 1});
  const auto c = resampled_intervals(figures, {.resamples = 500, .seed = 2});
  EXPECT_EQ(a[0]->low, b[0]->low);
  EXPECT_NE(a[0]->low, c[0]->low);
}

TEST(Resampling, BootstrapAgreesWithTheLinearisedErrorForManyImages) {
  CounterRandom random(4, "bootstrap");
  const RatioSum sum = {{1, world(random, 400, 6, 0.85)}};
  const auto interval = resampled_intervals(std::vector<RatioSum>{sum}, {.resamples = 4000})[0];
  const double half = 1.96 * std::sqrt(sum_estimate(sum)->variance());
  EXPECT_NEAR(interval->high - interval->low, 2 * half, 0.06 * 2 * half);
}

TEST(Resampling, BootstrapLeavesOutWhatCannotBeResampled) {
  const std::vector<RatioSum> figures = {{}, {{1, {{1, 1}, {0, 1}, {1, 1}}}}};
  const auto intervals = resampled_intervals(figures, {.resamples = 200});
  EXPECT_FALSE(intervals[0]);
  ASSERT_TRUE(intervals[1]);
  EXPECT_GE(intervals[1]->low, 0);
  EXPECT_FALSE(resampled_intervals(std::vector<RatioSum>{{{1, {{1, 1}}}}})[0]);
}

// Resampled figures whose denominator vanishes in some resamples: those are left out.
TEST(Resampling, BootstrapIgnoresResamplesWithoutADenominator) {
  const std::vector<RatioSum> figures = {{{1, {{1, 2}, {0, 0}, {0, 0}}}}};
  const auto intervals = resampled_intervals(figures, {.resamples = 400});
  ASSERT_TRUE(intervals[0]);
  EXPECT_EQ(intervals[0]->low, 0.5);
  EXPECT_EQ(intervals[0]->high, 0.5);
}

TEST(ResamplingSimulation, PairedIntervalsCover) {
  int covered = 0;
  for (int w = 0; w < worlds(); ++w) {
    CounterRandom random(11, "coverage", static_cast<uint64_t>(w));
    const auto [a, b] = paired_worlds(random, 100, 0.03);
    const auto tested = seeded_difference(one_seed(a), one_seed(b));
    covered +=
        tested->difference.interval.low <= -0.03 && -0.03 <= tested->difference.interval.high;
  }
  const double share = static_cast<double>(covered) / worlds();
  EXPECT_GE(share, 0.94);
  EXPECT_LE(share, 0.96);
}

// Two models whose margins of the same questions share two thirds of their variance, of which the
// picture gives a third. In truth their AUROC are those of normal margins a distance apart.
TEST(ResamplingSimulation, PairedAurocIntervalsCover) {
  constexpr size_t kImages = 100, kQuestions = 6;
  constexpr double kApart[] = {1.8, 1.5};
  const auto truth = [](double apart) {
    return 0.5 * std::erfc(-apart / std::sqrt(2) / std::sqrt(2));
  };
  const double difference = truth(kApart[1]) - truth(kApart[0]);
  int covered = 0;
  const std::vector<double> count(kImages, kQuestions);
  for (int w = 0; w < worlds(); ++w) {
    CounterRandom random(14, "auroc", static_cast<uint64_t>(w));
    std::vector<RankedItem> items[2];
    for (size_t image = 0; image < kImages; ++image) {
      // A picture's own ease, of what is there and of what is not.
      const double ease[] = {random.normal(), random.normal()};
      for (size_t q = 0; q < kQuestions; ++q) {
        const bool positive = q % 2 == 0;
        const double shared = random.normal();
        for (size_t model = 0; model < 2; ++model) {
          const double margin = std::sqrt(1.0 / 3) * (ease[positive] + shared + random.normal());
          items[model].push_back({margin + (positive ? kApart[model] : 0), positive, image});
        }
      }
    }
    SeededEstimate sides[2];
    for (size_t model = 0; model < 2; ++model) {
      sides[model] = one_seed({linearised(*auroc_estimate(items[model], kImages), count)});
    }
    const auto tested = seeded_difference(sides[0], sides[1]);
    covered += tested->difference.interval.low <= difference &&
               difference <= tested->difference.interval.high;
  }
  const double share = static_cast<double>(covered) / worlds();
  EXPECT_GE(share, 0.94);
  EXPECT_LE(share, 0.96);
}

// Both say yes too surely, one of them more.
TEST(ResamplingSimulation, PairedCalibrationIntervalsCover) {
  constexpr size_t kImages = 150, kQuestions = 6;
  // In bin [k/10, (k+1)/10) the truth lies below what is said by `too_sure` * (said - 0.2).
  const double too_sure[] = {0.15, 0.35};
  double truth = 0;
  for (int k = 3; k < 10; ++k) truth += ((k + 0.5) / 10 - 0.2) / 7;
  const double difference = (too_sure[1] - too_sure[0]) * truth;
  int covered = 0;
  for (int w = 0; w < worlds(); ++w) {
    CounterRandom random(15, "ece", static_cast<uint64_t>(w));
    std::vector<ProbabilityItem> items[2];
    std::vector<size_t> cluster;
    for (size_t image = 0; image < kImages; ++image) {
      const double picture = random.uniform();
      for (size_t q = 0; q < kQuestions; ++q) {
        cluster.push_back(image);
        const double said = 0.3 + 0.7 * random.uniform();
        const double luck = random.uniform();
        for (size_t model = 0; model < 2; ++model) {
          const double p = said - too_sure[model] * (said - 0.2);
          // Some questions of a picture are right or wrong together.
          const double here = luck < 0.3 ? picture : (luck - 0.3) / 0.7;
          items[model].push_back({said, here < p});
        }
      }
    }
    const auto side = [&](size_t model) {
      return one_seed({calibration_term(items[model], cluster, kImages)});
    };
    const auto tested = seeded_difference(side(0), side(1));
    covered += tested->difference.interval.low <= difference &&
               difference <= tested->difference.interval.high;
  }
  const double share = static_cast<double>(covered) / worlds();
  EXPECT_GE(share, 0.93);
  EXPECT_LE(share, 0.97);
}

TEST(ResamplingSimulation, BootstrapIntervalsCover) {
  int covered = 0;
  for (int w = 0; w < worlds(); ++w) {
    CounterRandom random(12, "coverage", static_cast<uint64_t>(w));
    const auto [a, b] = paired_worlds(random, 100, 0.03);
    const std::vector<RatioSum> difference = {{{1, b[0].clusters}, {-1, a[0].clusters}}};
    const auto interval =
        resampled_intervals(difference, {.resamples = 500, .seed = static_cast<uint64_t>(w)})[0];
    covered += interval->low <= -0.03 && -0.03 <= interval->high;
  }
  const double share = static_cast<double>(covered) / worlds();
  EXPECT_GE(share, 0.94);
  EXPECT_LE(share, 0.96);
}

// Five trainings each, whose spread is as large as the error of the images: without it the test
// would fail far more often than in one of twenty.
TEST(ResamplingSimulation, SeedsKeepTheTestHonest) {
  int rejected = 0;
  const auto side = [](CounterRandom& random, const std::vector<double>& hardness) {
    std::vector<Estimate> seeds;
    for (int s = 0; s < 5; ++s) {
      const double luck = 0.02 * random.normal();
      std::vector<ClusterRatio> clusters;
      for (const double p : hardness) {
        ClusterRatio cluster{0, 6};
        for (int i = 0; i < 6; ++i) cluster.numerator += random.uniform() < p + luck ? 1 : 0;
        clusters.push_back(cluster);
      }
      seeds.push_back(*ratio_estimate(clusters));
    }
    return seeded_estimate(seeds);
  };
  for (int w = 0; w < worlds(); ++w) {
    CounterRandom random(13, "seeds", static_cast<uint64_t>(w));
    std::vector<double> hardness(60);
    for (double& p : hardness) p = 0.7 + 0.2 * random.uniform();
    rejected +=
        seeded_difference(side(random, hardness), side(random, hardness))->difference.p < 0.05;
  }
  const double share = static_cast<double>(rejected) / worlds();
  EXPECT_GE(share, 0.03);
  EXPECT_LE(share, 0.065);
}

}  // namespace
}  // namespace vigor::statistics
