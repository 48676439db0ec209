#include "judges/client/backoff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigor {
namespace {

using ::testing::Optional;

TEST(Backoff, IsUniformBelowTheDoublingBound) {
  CounterRandom random(1, "test");
  for (int tries = 1; tries <= 4; ++tries) {
    const double bound = 0.5 * (1 << (tries - 1));
    double sum = 0, most = 0;
    for (int i = 0; i < 2000; ++i) {
      const double wait = full_jitter(tries, 0.5, 60, random);
      ASSERT_GE(wait, 0);
      ASSERT_LT(wait, bound);
      sum += wait;
      most = std::max(most, wait);
    }
    EXPECT_NEAR(sum / 2000, bound / 2, bound * 0.03);
    EXPECT_GT(most, 0.98 * bound);
  }
}

TEST(Backoff, StopsAtTheCapHoweverManyTries) {
  CounterRandom random(1, "test");
  for (const int tries : {8, 64, 1000000}) {
    EXPECT_LE(full_jitter(tries, 1, 60, random), 60);
  }
}

TEST(Backoff, IsTheSameForTheSameSeed) {
  CounterRandom a(3, "test"), b(3, "test");
  EXPECT_EQ(full_jitter(3, 1, 60, a), full_jitter(3, 1, 60, b));
}

// 784111777: the date of RFC 9110's examples.
constexpr double kNow = 784111777;

TEST(RetryAfter, Seconds) {
  EXPECT_THAT(retry_after("120", "", kNow), Optional(120.0));
  EXPECT_THAT(retry_after(" 0.5\t", "", kNow), Optional(0.5));
  EXPECT_THAT(retry_after("-3", "", kNow), Optional(0.0));
}

TEST(RetryAfter, AllThreeFormsOfHttpDates) {
  EXPECT_THAT(retry_after("Sun, 06 Nov 1994 08:50:37 GMT", "", kNow), Optional(60.0));
  EXPECT_THAT(retry_after("Sunday, 06-Nov-94 08:50:37 GMT", "", kNow), Optional(60.0));
  EXPECT_THAT(retry_after("Sun Nov  6 08:50:37 1994", "", kNow), Optional(60.0));
}

TEST(RetryAfter, IsCountedFromTheServersOwnClock) {
  EXPECT_THAT(retry_after("Sun, 06 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 08:50:30 GMT", 1.7e9),
              Optional(7.0));
}

TEST(RetryAfter, APastDateIsNow) {
  EXPECT_THAT(retry_after("Sun, 06 Nov 1994 08:49:36 GMT", "", kNow), Optional(0.0));
}

TEST(RetryAfter, NonsenseIsNothing) {
  for (const char* text : {"", "soon", "Sunday", "nan", "inf", "1e400", "12 monkeys"}) {
    EXPECT_EQ(retry_after(text, "", kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace vigor
