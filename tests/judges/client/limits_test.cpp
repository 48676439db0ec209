#include "judges/client/limits.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace vigor {
namespace {

TEST(RateWindow, WithoutALimitEverythingIsReady) {
  RateWindow window(0);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(window.ready_at(1e9, i), i);
    window.take(1e9, i);
  }
}

TEST(RateWindow, WaitsUntilEnoughHasLeftTheMinute) {
  RateWindow window(3);
  for (const double at : {10.0, 20.0, 30.0}) {
    EXPECT_EQ(window.ready_at(1, at), at);
    window.take(1, at);
  }
  EXPECT_EQ(window.ready_at(1, 31), 70);
  EXPECT_EQ(window.ready_at(2, 31), 80);
  EXPECT_EQ(window.ready_at(1, 70), 70);
}

TEST(RateWindow, NoMinuteSeesMoreThanTheLimit) {
  RateWindow window(100);
  CounterRandom random(1, "rate");
  std::vector<std::pair<double, double>> taken;
  double now = 0;
  for (int i = 0; i < 2000; ++i) {
    now += random.uniform() * 0.3;
    const double amount = 1 + random.below(20);
    const double ready = window.ready_at(amount, now);
    ASSERT_GE(ready, now);
    now = ready;
    ASSERT_EQ(window.ready_at(amount, now), now) << "ready when it said so";
    window.take(amount, now);
    taken.emplace_back(now, amount);
  }
  for (size_t i = 0; i < taken.size(); ++i) {
    double sum = 0;
    for (size_t j = i; j < taken.size() && taken[j].first < taken[i].first + 60; ++j) {
      sum += taken[j].second;
    }
    ASSERT_LE(sum, 100);
  }
}

TEST(RateWindow, AnAmountAboveTheLimitGoesAlone) {
  RateWindow window(10);
  window.take(1, 0);
  EXPECT_EQ(window.ready_at(50, 1), 60);
  window.take(50, 60);
  EXPECT_EQ(window.ready_at(1, 61), 120);
}

TEST(RateWindow, WhatIsSettledCountsAsItWas) {
  RateWindow window(100);
  const uint64_t ticket = window.take(90, 0);
  EXPECT_EQ(window.ready_at(50, 1), 60);
  window.settle(ticket, 20);
  EXPECT_EQ(window.ready_at(50, 1), 1);
  window.settle(ticket, 100);
  EXPECT_EQ(window.ready_at(50, 1), 60);
}

TEST(RateWindow, SettlingWhatHasLeftChangesNothing) {
  RateWindow window(100);
  const uint64_t ticket = window.take(90, 0);
  EXPECT_EQ(window.ready_at(100, 60), 60);
  window.settle(ticket, 1e9);
  EXPECT_EQ(window.ready_at(100, 60), 60);
}

TEST(AdaptiveConcurrency, HalvesOnceForOneBurst) {
  AdaptiveConcurrency concurrency(64);
  EXPECT_EQ(concurrency.limit(), 64);
  for (int i = 0; i < 64; ++i) concurrency.throttled(1.0, 2.0);
  EXPECT_EQ(concurrency.limit(), 32);
  concurrency.throttled(2.5, 3.0);
  EXPECT_EQ(concurrency.limit(), 16);
}

TEST(AdaptiveConcurrency, NeverBelowOne) {
  AdaptiveConcurrency concurrency(4);
  for (int i = 0; i < 20; ++i) concurrency.throttled(i + 0.5, i + 1);
  EXPECT_EQ(concurrency.limit(), 1);
}

TEST(AdaptiveConcurrency, OneMoreForEachRoundOfAnswers) {
  AdaptiveConcurrency concurrency(8);
  concurrency.throttled(0, 1);
  ASSERT_EQ(concurrency.limit(), 4);
  for (int i = 0; i < 5; ++i) concurrency.answered();
  EXPECT_EQ(concurrency.limit(), 5);
  for (int i = 0; i < 100; ++i) concurrency.answered();
  EXPECT_EQ(concurrency.limit(), 8);
}

}  // namespace
}  // namespace vigor
