#include "judges/client/trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TroubleReport, SaysAtOnceThatNothingWasEverAnswered) {
  TroubleReport report;
  EXPECT_EQ(report.failed("no connection", 1, 8, 3, 100),
            "no connection; after try 1 of 8 it is asked again in 3 s");
}

TEST(TroubleReport, AnHourOfFailuresIsTenLinesAtGrowingIntervals) {
  TroubleReport report;
  std::vector<int> said;
  for (int second = 0; second < 3600; ++second) {
    const std::string words = report.failed("HTTP 500", 2, 8, 4, second);
    if (words.empty()) continue;
    said.push_back(second);
    if (second == 75) {
      EXPECT_EQ(words,
                "still failing after 1 min 15 s and 76 failed tries: HTTP 500; after try 2 of 8 it "
                "is asked again in 4 s");
    }
  }
  EXPECT_THAT(said, ElementsAre(0, 5, 15, 35, 75, 155, 315, 635, 1235, 1835, 2435, 3035));
}

TEST(TroubleReport, OneFailureAmongAnswersIsNoNews) {
  TroubleReport report;
  EXPECT_EQ(report.answered(0), "");
  EXPECT_EQ(report.failed("HTTP 429", 1, 8, 1, 0.5), "");
  EXPECT_EQ(report.answered(1), "");
  EXPECT_EQ(report.failed("HTTP 429", 1, 8, 1, 2.5), "");
  EXPECT_THAT(report.failed("HTTP 429", 1, 8, 0.2, 3), HasSubstr("again in less than 1 s"));
}

TEST(TroubleReport, SaysThatAnswersComeAgainAndBeginsAnew) {
  TroubleReport report;
  report.failed("HTTP 500", 1, 8, 1, 10);
  report.failed("HTTP 500", 2, 8, 1, 12);
  EXPECT_EQ(report.answered(15), "answers again after 5 s and 2 failed tries");
  EXPECT_EQ(report.answered(16), "");
  EXPECT_EQ(report.failed("HTTP 500", 1, 8, 1, 17), "");
  EXPECT_EQ(report.failed("HTTP 500", 2, 8, 1, 18),
            "HTTP 500; after try 2 of 8 it is asked again in 1 s");
}

}  // namespace
}  // namespace vigor
