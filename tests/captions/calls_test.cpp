#include "benchmarks/captions/calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace vigor::captions {
namespace {

using ::testing::UnorderedElementsAre;

std::vector<std::string> images(int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back("image" + std::to_string(1000 + i));
  return out;
}

TEST(RankingCalls, TheSeedChoosesTheImages) {
  const auto one = choose_images(images(100), {.samples = 30, .seed = 1});
  EXPECT_EQ(one.size(), 30u);
  EXPECT_EQ(one, choose_images(images(100), {.samples = 30, .seed = 1}));
  EXPECT_NE(one, choose_images(images(100), {.samples = 30, .seed = 2}));
  EXPECT_EQ(choose_images(images(5), {.samples = 30}).size(), 5u);
}

TEST(RankingCalls, EveryCandidateStandsAtEveryPlaceAboutEquallyOften) {
  const auto calls = plan_calls(images(2000), 4, {.canary_every = 0});
  std::vector<int> first(4);
  for (const Call& call : calls) {
    EXPECT_THAT(call.shown, UnorderedElementsAre(0, 1, 2, 3));
    ++first[static_cast<size_t>(call.shown[0])];
  }
  for (const int count : first) EXPECT_NEAR(count, 500, 80);  // 4 standard deviations
}

TEST(RankingCalls, RotationsShowEachCandidateAtAnotherPlace) {
  const auto calls = plan_calls(images(3), 3, {.orders = 3, .canary_every = 0});
  ASSERT_EQ(calls.size(), 9u);
  for (size_t place = 0; place < 3; ++place) {
    EXPECT_EQ(
        (std::set<int>{calls[0].shown[place], calls[1].shown[place], calls[2].shown[place]}).size(),
        3u);
  }
}

TEST(RankingCalls, ARepeatIsTheSameQuestion) {
  const auto calls = plan_calls(images(20), 3, {.repeat_share = 0.25, .canary_every = 3});
  EXPECT_EQ(calls.size(), 25u);
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].repeat == 0) continue;
    EXPECT_EQ(calls[i].shown, calls[i - 1].shown);
    EXPECT_EQ(calls[i].image, calls[i - 1].image);
  }
}

TEST(RankingCalls, CanariesComeInEveryNthCall) {
  int canaries = 0;
  for (const Call& call : plan_calls(images(100), 4, {.canary_every = 10})) {
    canaries += std::count(call.shown.begin(), call.shown.end(), kCanary) == 1;
  }
  EXPECT_EQ(canaries, 10);
}

TEST(RankingCalls, PairsAreAllPairsInBothOrders) {
  const auto calls =
      plan_calls(images(1), 3, {.mode = Mode::kPairwise, .orders = 2, .canary_every = 0});
  std::set<std::vector<int>> shown;
  std::set<std::string> keys;
  for (const Call& call : calls) {
    shown.insert(call.shown);
    keys.insert(call.key);
  }
  EXPECT_EQ(shown.size(), 6u);
  EXPECT_EQ(keys.size(), 6u);
}

}  // namespace
}  // namespace vigor::captions
