#include "benchmarks/mmhal/score.h"

#include <gtest/gtest.h>

#include <cmath>

namespace vigor::mmhal {
namespace {

Outcome judged(size_t record, const std::string& reply, int repeat = 0) {
  Outcome outcome;
  outcome.record = record;
  outcome.repeat = repeat;
  outcome.reply = reply;
  return outcome;
}

TEST(MmhalScore, MeansOverAllAndOverTypes) {
  std::vector<Outcome> outcomes;
  for (size_t i = 0; i < 16; ++i) outcomes.push_back(judged(i, i < 8 ? "Rating: 6" : "Rating: 1"));
  const Json metrics = score_outcomes(outcomes, Dialect::kStrict);
  EXPECT_EQ(metrics["average"], 3.5);
  EXPECT_EQ(metrics["hallucination_rate"], 0.5);
  EXPECT_DOUBLE_EQ(metrics["informativeness"].get<double>(), (3 + 1) / 2.0 / 3);
  EXPECT_EQ(metrics["types"]["counting"], 3.5);
  EXPECT_EQ(metrics["type_order"].size(), 8u);
  EXPECT_EQ(metrics["type_order"][0], "attribute");
  EXPECT_TRUE(metrics["complete"]);
  EXPECT_EQ(metrics["histogram"]["6"], 8);
  for (const char* key : {"average", "hallucination_rate", "informativeness"}) {
    EXPECT_LT(metrics["ci95"][key][0], metrics[key]);
    EXPECT_GT(metrics["ci95"][key][1], metrics[key]);
  }
}

TEST(MmhalScore, EqualRatingsStillHaveAnInterval) {
  std::vector<Outcome> outcomes;
  for (size_t i = 0; i < 8; ++i) outcomes.push_back(judged(i, "Rating: 6"));
  const Json interval = score_outcomes(outcomes, Dialect::kStrict)["ci95"]["average"];
  EXPECT_LT(interval[0], 6.0);
  EXPECT_EQ(interval[1], 6.0);
}

TEST(MmhalScore, UnreadableRepliesAreInNoFigureAndAreCounted) {
  const std::vector<Outcome> outcomes = {judged(0, "Rating: 4"), judged(1, "no idea"),
                                         judged(2, "Rating: 10")};
  const Json strict = score_outcomes(outcomes, Dialect::kStrict);
  EXPECT_EQ(strict["average"], 4.0);
  EXPECT_EQ(strict["unjudged"], 2);
  EXPECT_EQ(strict["counts"]["scored"], 1);
  EXPECT_EQ(strict["dialect_differences"]["differ"], 2);
  EXPECT_EQ(strict["dialect_differences"]["keys"], Json({"1", "2"}));
  EXPECT_FALSE(strict["complete"]);
  EXPECT_FALSE(scores_withheld(strict));
  EXPECT_TRUE(strict["types"]["comparison"].is_null());
  EXPECT_EQ(strict["type_figures"]["comparison"]["reason"], "no record of this type was judged");
  const Json official = score_outcomes(outcomes, Dialect::kOfficial);
  EXPECT_DOUBLE_EQ(official["average"].get<double>(), 5.0 / 3);
  EXPECT_EQ(official["unjudged"], 0);
}

TEST(MmhalScore, AJudgeThatIsDownWithholdsTheScores) {
  std::vector<Outcome> outcomes = {judged(0, "Rating: 4"), judged(1, "")};
  outcomes[1].silence = "HTTP 500 after 6 tries";
  const Json metrics = score_outcomes(outcomes, Dialect::kOfficial);
  EXPECT_TRUE(scores_withheld(metrics));
  EXPECT_TRUE(metrics["average"].is_null());
  EXPECT_TRUE(metrics["types"]["attribute"].is_null());
  EXPECT_EQ(metrics["judge_failures"], 1);
  EXPECT_EQ(metrics["unjudged"], 1);
  ScoreOptions accepting;
  accepting.max_failures = 1;
  EXPECT_EQ(score_outcomes(outcomes, Dialect::kOfficial, accepting)["average"], 4.0);
  outcomes[1].refused = true;
  EXPECT_EQ(score_outcomes(outcomes, Dialect::kOfficial)["average"], 4.0);
}

TEST(MmhalScore, AMissingAnswerWithholdsTheScores) {
  std::vector<Outcome> outcomes = {judged(0, "Rating: 4"), judged(1, "")};
  outcomes[1].failure = "the picture cannot be decoded";
  const Json metrics = score_outcomes(outcomes, Dialect::kStrict);
  EXPECT_TRUE(metrics["average"].is_null());
  EXPECT_EQ(metrics["counts"]["failed"], 1);
  EXPECT_EQ(metrics["reason"],
            "1 answers failed and the judge gave no reply to 0, 0 may (--max-failures)");
}

TEST(MmhalScore, NothingJudgedIsNullWithAReason) {
  const Json metrics = score_outcomes({judged(0, "?")}, Dialect::kStrict);
  EXPECT_TRUE(metrics["average"].is_null());
  EXPECT_TRUE(metrics["ci95"]["average"].is_null());
  EXPECT_EQ(metrics["reason"], "no record was judged");
}

TEST(MmhalScore, RepeatsGiveTheJudgesOwnSpread) {
  ScoreOptions options;
  options.repeats = 2;
  const std::vector<Outcome> outcomes = {judged(0, "Rating: 4"), judged(0, "Rating: 2", 1),
                                         judged(1, "Rating: 5"), judged(1, "Rating: 5", 1)};
  const Json metrics = score_outcomes(outcomes, Dialect::kStrict, options);
  EXPECT_EQ(metrics["average"], 4.0);
  EXPECT_EQ(metrics["hallucination_rate"], 0.25);
  EXPECT_TRUE(metrics["complete"]);
  const Json spread = metrics["judge_spread"];
  EXPECT_EQ(spread["averages"], Json({4.5, 3.5}));
  EXPECT_EQ(spread["same_rating"], 0.5);
  EXPECT_EQ(spread["same_hallucination"], 0.5);
  EXPECT_DOUBLE_EQ(spread["rating_sd"].get<double>(), 1.0);  // root of the mean of 2 and 0
  EXPECT_DOUBLE_EQ(spread["average_sd"].get<double>(), std::sqrt(0.5));
  EXPECT_TRUE(score_outcomes({outcomes[0]}, Dialect::kStrict)["judge_spread"].is_null());
}

TEST(MmhalScore, TypesComeFromTheFileExceptInTheOfficialDialect) {
  std::vector<Outcome> outcomes = {judged(0, "Rating: 4")};
  outcomes[0].type = "sounds";
  EXPECT_EQ(score_outcomes(outcomes, Dialect::kStrict)["types"]["sounds"], 4.0);
  EXPECT_EQ(score_outcomes(outcomes, Dialect::kOfficial)["types"]["attribute"], 4.0);
}

}  // namespace
}  // namespace vigor::mmhal
