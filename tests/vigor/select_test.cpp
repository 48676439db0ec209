#include "vigor/select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/random.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SelectOptions two_streams() {
  SelectOptions options;
  options.streams = {{"automatic", 1}, {"reward_model", 1}};
  return options;
}

ScoredCaption caption(const std::string& image, int64_t sample, CaptionSignals automatic,
                      CaptionSignals reward, int64_t sentences = 4) {
  return {image, sample, sentences, {automatic, reward}};
}

std::vector<int64_t> samples_of(const Selection& selection) {
  std::vector<int64_t> out;
  for (const Selected& one : selection.chosen) out.push_back(one.sample);
  return out;
}

// 60 images x 5 captions; whole numbers, so that many tie.
std::vector<ScoredCaption> drawn(uint64_t seed) {
  std::vector<ScoredCaption> out;
  for (int image = 0; image < 60; ++image) {
    CounterRandom random(seed, "captions", static_cast<uint64_t>(image));
    for (int64_t sample = 0; sample < 5; ++sample) {
      const auto draw = [&] { return static_cast<double>(random.below(4)); };
      const double an = draw(), ap = draw(), rn = draw() * 3, rp = draw();
      out.push_back(
          caption("i" + std::to_string(image), sample, {an, ap}, {rn, rp}, 1 + random.below(6)));
    }
  }
  return out;
}

TEST(Select, VarianceByHand) {
  // Negatives: automatic 0 2 1 1 (mean 1, variance 0.5), reward model 4 0 2 2 (mean 2, variance 2).
  const std::vector<ScoredCaption> captions = {
      caption("a", 0, {0, 0}, {4, 0}), caption("a", 1, {2, 0}, {0, 0}),
      caption("b", 0, {1, 0}, {2, 0}), caption("b", 1, {1, 3}, {2, 0})};
  const Selection by_variance = select_captions(captions, two_streams());
  EXPECT_DOUBLE_EQ(by_variance.scales[0].negative, 0.5);
  EXPECT_DOUBLE_EQ(by_variance.scales[1].negative, 2);
  // a: 0 / 0.5 + 4 / 2 = 2 against 2 / 0.5 + 0 = 4.
  EXPECT_DOUBLE_EQ(by_variance.chosen[0].penalty, 2);
  EXPECT_THAT(samples_of(by_variance), ElementsAre(0, 1));
  EXPECT_EQ(by_variance.chosen[0].decided_by, "penalty");
  EXPECT_EQ(by_variance.chosen[1].decided_by, "credit");

  // By standard deviation a's captions are equal: 4 / sqrt(2) and 2 / sqrt(0.5).
  SelectOptions options = two_streams();
  options.normalise = Normalise::kStd;
  const Selection by_std = select_captions(captions, options);
  EXPECT_NEAR(by_std.chosen[0].penalty, 2.8284271247461903, 1e-12);
  EXPECT_EQ(by_std.chosen[0].decided_by, "id");
  EXPECT_EQ(by_std.chosen[0].sample, 0);
}

TEST(Select, RanksAverageTies) {
  SelectOptions options = two_streams();
  options.streams.pop_back();
  options.normalise = Normalise::kRank;
  const Selection selection = select_captions(
      {caption("a", 0, {5, 0}, {}), caption("a", 1, {1, 0}, {}), caption("b", 0, {5, 0}, {})},
      options);
  EXPECT_DOUBLE_EQ(selection.chosen[0].penalty, 1.0 / 3);
  EXPECT_DOUBLE_EQ(selection.chosen[1].penalty, 2.5 / 3);
}

TEST(Select, IsTheSameInAnyOrderAndWithAnyConstant) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const auto captions = drawn(seed);
    for (const Normalise how : {Normalise::kVariance, Normalise::kStd, Normalise::kRank}) {
      SelectOptions options = two_streams();
      options.normalise = how;
      const auto expected = samples_of(select_captions(captions, options));
      auto shuffled = captions;
      std::reverse(shuffled.begin(), shuffled.end());
      std::rotate(shuffled.begin(), shuffled.begin() + 37, shuffled.end());
      EXPECT_EQ(samples_of(select_captions(shuffled, options)), expected);
      auto moved = captions;
      for (ScoredCaption& one : moved) {
        one.signals[0]->negative += 12345.678;
        one.signals[1]->positive += 0.1;
      }
      EXPECT_EQ(samples_of(select_captions(moved, options)), expected) << seed;
    }
  }
}

TEST(Select, AUnitChangesNothingByStd) {
  SelectOptions options = two_streams();
  options.normalise = Normalise::kStd;
  auto captions = drawn(3);
  const auto expected = samples_of(select_captions(captions, options));
  for (ScoredCaption& one : captions) one.signals[1]->negative *= 1000;
  EXPECT_EQ(samples_of(select_captions(captions, options)), expected);
}

TEST(Select, NoOtherCaptionOfTheImageIsBetter) {
  const auto captions = drawn(5);
  for (const Selected& one : select_captions(captions, two_streams()).chosen) {
    ASSERT_EQ(one.order.size(), 5u);
    EXPECT_EQ(one.order[0], one.sample);
  }
}

TEST(Select, ACaptionWithoutAScoreIsNotChosenAndNotZero) {
  auto best = caption("a", 0, {0, 9}, {0, 9});
  best.signals[1].reset();
  auto alone = caption("b", 0, {0, 0}, {0, 0});
  alone.signals[0].reset();
  const std::vector<ScoredCaption> captions = {best, caption("a", 1, {3, 0}, {3, 0}), alone};
  const Selection selection = select_captions(captions, two_streams());
  ASSERT_EQ(selection.chosen.size(), 1u);
  EXPECT_EQ(selection.chosen[0].sample, 1);
  EXPECT_EQ(selection.chosen[0].left_out, 1);
  EXPECT_THAT(selection.without_score, ElementsAre("b"));
  // A stream of weight 0 may lack scores.
  SelectOptions options = two_streams();
  options.streams[1].weight = 0;
  EXPECT_EQ(select_captions(captions, options).chosen[0].sample, 0);
}

TEST(Select, AStreamThatNeverVariesDecidesNothing) {
  const Selection selection = select_captions(
      {caption("a", 0, {0.1, 0}, {1, 0}), caption("a", 1, {0.1, 0}, {0, 0})}, two_streams());
  EXPECT_EQ(selection.scales[0].negative, 0);
  EXPECT_EQ(selection.chosen[0].sample, 1);
}

TEST(Select, PerSentenceDoesNotPreferCaptionsThatSayLittle) {
  // One error in one sentence against two errors in eight.
  const std::vector<ScoredCaption> captions = {caption("a", 0, {1, 0}, {1, 0}, 1),
                                               caption("a", 1, {2, 6}, {2, 6}, 8)};
  SelectOptions options = two_streams();
  EXPECT_EQ(select_captions(captions, options).chosen[0].sample, 0);
  options.per_sentence = true;
  EXPECT_EQ(select_captions(captions, options).chosen[0].sample, 1);
  options.per_sentence = false;
  options.positive_weight = 1;
  options.normalise = Normalise::kStd;
  EXPECT_EQ(select_captions(captions, options).chosen[0].sample, 1);
}

TEST(Select, DetailAndCreativityTakeFromThePenaltyByTheirWeights) {
  SelectOptions options;
  options.streams = {{"reward_model", 1}};
  options.normalise = Normalise::kStd;
  std::vector<ScoredCaption> captions = {{"a", 0, 1, {CaptionSignals{1, 0}}, 2.0, 0.1},
                                         {"a", 1, 1, {CaptionSignals{1, 0}}, 4.0, 0.3},
                                         {"a", 2, 1, {CaptionSignals{0, 0}}, std::nullopt, 0.2}};
  EXPECT_EQ(select_captions(captions, options).chosen[0].sample, 2) << "the paper's rule";
  options.detail_weight = 2;
  const Selected chosen = select_captions(captions, options).chosen[0];
  EXPECT_EQ(chosen.sample, 1) << "the third has no level: none is no 0";
  EXPECT_EQ(chosen.left_out, 1);
  // Penalties have standard deviation sqrt(2)/3, of levels 2 and 4 it is 1.
  EXPECT_NEAR(chosen.penalty, 3 / std::sqrt(2.0) - 2 * 4, 1e-12);
  options.detail_weight = 0;
  options.creative_weight = 5;
  EXPECT_EQ(select_captions(captions, options).chosen[0].sample, 1);
  captions[0].creative = -1;
  EXPECT_THROW(select_captions(captions, options), Error);
  captions[0].creative = 1;
  options.creative_weight = -1;
  EXPECT_THROW(select_captions(captions, options), Error);
}

TEST(Select, LengthFairByHand) {
  SelectOptions options = two_streams();
  options.streams.pop_back();
  options.normalise = Normalise::kStd;
  options.length_fair = true;
  // Wrong of judged: a 1 of 4, 3 of 16, 0 of 1; b 6 of 16, 2 of 3: r = 12 / 40 = 0.3.
  const std::vector<ScoredCaption> captions = {
      caption("a", 0, {1, 3}, {}), caption("a", 1, {3, 13}, {}), caption("a", 2, {0, 1}, {}),
      caption("b", 0, {6, 10}, {}), caption("b", 1, {2, 1}, {})};
  const Selection selection = select_captions(captions, options);
  EXPECT_DOUBLE_EQ(selection.scales[0].share_negative, 0.3);
  // Excess: -0.2 / 2 = -0.1, -1.8 / 4 = -0.45, -0.3 / 1; 1.2 / 4 = 0.3, 1.1 / sqrt(3) = 0.635...:
  // three errors in sixteen things say more than none in one.
  EXPECT_THAT(selection.chosen[0].order, ElementsAre(1, 2, 0));
  EXPECT_THAT(selection.chosen[1].order, ElementsAre(0, 1));
  EXPECT_NEAR(selection.chosen[0].penalty * selection.scales[0].negative, -0.45, 1e-12);
  EXPECT_NEAR(selection.chosen[1].penalty * selection.scales[0].negative, 0.3, 1e-12);
  // The paper's rule and shares take the caption that says one thing.
  options.length_fair = false;
  EXPECT_EQ(select_captions(captions, options).chosen[0].sample, 2);
}

// Captions of 1 to 12 things that are wrong by chance alone, whatever their length.
TEST(Select, LengthFairChoosesNoLengthWhereErrorsAreChance) {
  std::vector<ScoredCaption> captions;
  std::map<std::pair<std::string, int64_t>, double> length;
  double mean = 0;
  for (int image = 0; image < 2000; ++image) {
    CounterRandom random(17, "chance", static_cast<uint64_t>(image));
    for (int64_t sample = 0; sample < 5; ++sample) {
      const auto things = 1 + random.below(12);
      double wrong = 0;
      for (uint32_t i = 0; i < things; ++i) wrong += random.uniform() < 0.5;
      captions.push_back(
          caption("i" + std::to_string(image), sample, {wrong, things - wrong}, {}, things));
      length[{captions.back().image, sample}] = things;
      mean += things / 10000.0;
    }
  }
  SelectOptions options = two_streams();
  options.streams.pop_back();
  const auto chosen_length = [&] {
    double sum = 0;
    for (const Selected& one : select_captions(captions, options).chosen) {
      sum += length.at({one.image, one.sample});
    }
    return sum / 2000;
  };
  EXPECT_LT(chosen_length(), mean - 2);
  options.per_sentence = true;
  EXPECT_LT(chosen_length(), mean - 1);
  options.per_sentence = false;
  options.length_fair = true;
  EXPECT_NEAR(chosen_length(), mean, 0.5);
}

TEST(Select, TheFirstOfThoseThatCouldBeChosenWithoutChoosing) {
  SelectOptions options = two_streams();
  options.first = options.length_fair = true;
  options.detail_weight = 1;
  ScoredCaption unscored = caption("a", 0, {0, 9}, {0, 9});
  unscored.signals[1].reset();
  const Selection selection = select_captions(
      {caption("a", 2, {0, 5}, {0, 5}), caption("a", 1, {9, 0}, {9, 0}), unscored}, options);
  ASSERT_EQ(selection.chosen.size(), 1u);
  EXPECT_EQ(selection.chosen[0].sample, 1) << "the worst by every reward, and the first with both";
  EXPECT_EQ(selection.chosen[0].decided_by, "id");
  EXPECT_EQ(selection.chosen[0].left_out, 1);
}

TEST(Select, WrongInputIsOneError) {
  const auto message = [](std::vector<ScoredCaption> captions, const SelectOptions& options) {
    try {
      select_captions(std::move(captions), options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message({}, {}), HasSubstr("no stream of scores"));
  SelectOptions none = two_streams();
  none.streams[0].weight = none.streams[1].weight = 0;
  EXPECT_THAT(message({}, none), HasSubstr("every stream has weight 0"));
  EXPECT_THAT(message({caption("a", 0, {}, {}), caption("a", 0, {}, {})}, two_streams()),
              HasSubstr("a caption is there twice"));
  EXPECT_THAT(message({caption("a", 0, {-1, 0}, {})}, two_streams()),
              HasSubstr("a signal is no number of at least 0"));
  SelectOptions twice = two_streams();
  twice.length_fair = twice.per_sentence = true;
  EXPECT_THAT(message({}, twice), HasSubstr("combined with another way to weigh length"));
  EXPECT_THROW(normalise_of("sigma", "config.json"), Error);
  EXPECT_EQ(normalise_of("std", ""), Normalise::kStd);
}

}  // namespace
}  // namespace vigor
