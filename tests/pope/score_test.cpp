#include "benchmarks/pope/score.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor::pope {
namespace {

SampleOutcome outcome(int64_t id, const std::string& label, const std::string& answer,
                      std::optional<double> margin = std::nullopt) {
  SampleOutcome sample;
  sample.split = "random";
  sample.question = {id, std::to_string((id + 1) / 2) + ".jpg", "Is there a dog in the image?",
                     label};
  sample.answer = answer;
  sample.margin = margin;
  sample.finish = "stop";
  return sample;
}

std::vector<SampleOutcome> four() {
  return {outcome(1, "yes", "Yes", 2.0), outcome(2, "no", "Yes", 0.5),
          outcome(3, "yes", "Maybe", 1.0), outcome(4, "no", "No", -1.0)};
}

TEST(PopeScore, UnparsedGoesWhereTheDialectPutsIt) {
  const Json strict = score_splits(four(), Dialect::kStrict)["splits"]["random"];
  EXPECT_EQ(strict["unparsed"], 1);
  EXPECT_EQ(strict["accuracy"], 2.0 / 3);
  EXPECT_EQ(strict["recall"], 1.0);
  EXPECT_EQ(strict["yes_ratio"], 2.0 / 3);
  const Json lmms = score_splits(four(), Dialect::kLmms)["splits"]["random"];
  EXPECT_EQ(lmms["accuracy"], 0.5);
  EXPECT_EQ(lmms["recall"], 1.0);
  EXPECT_EQ(lmms["yes_ratio"], 0.5);  // of the labels
  const Json vlmeval = score_splits(four(), Dialect::kVlmeval)["splits"]["random"];
  EXPECT_EQ(vlmeval["accuracy"], 0.5);
  EXPECT_EQ(vlmeval["recall"], 0.5);
  const Json official = score_splits(four(), Dialect::kOfficial)["splits"]["random"];
  EXPECT_EQ(official["unparsed"], 0);
  EXPECT_EQ(official["tp"], 2);
  EXPECT_EQ(official["accuracy"], 0.75);
}

TEST(PopeScore, IntervalsHoldTheValueAndStayInRange) {
  const Json metrics = score_splits(four(), Dialect::kOfficial);
  for (const Json* scores : {&metrics["splits"]["random"], &metrics["average"]}) {
    for (const char* metric : {"accuracy", "precision", "recall", "f1", "yes_ratio"}) {
      const Json& ci = (*scores)["ci95"][metric];
      ASSERT_TRUE(ci.is_array()) << metric;
      EXPECT_LE(0, ci[0].get<double>());
      EXPECT_LE(ci[0].get<double>(), (*scores)[metric].get<double>());
      EXPECT_GE(ci[1].get<double>(), (*scores)[metric].get<double>());
      EXPECT_GE(1, ci[1].get<double>());
    }
  }
}

TEST(PopeScore, FailuresWithholdEveryScore) {
  auto samples = four();
  samples[0].error = "image: cannot be decoded";
  Json metrics = score_splits(samples, Dialect::kStrict);
  EXPECT_TRUE(scores_withheld(metrics));
  EXPECT_EQ(metrics["counts"]["failed"], 1);
  EXPECT_TRUE(metrics["splits"]["random"]["accuracy"].is_null());
  EXPECT_TRUE(metrics["splits"]["random"]["auroc"].is_null());
  EXPECT_TRUE(metrics["average"]["f1"].is_null());
  EXPECT_EQ(metrics["average"]["reason"], "1 of 4 samples failed, 0 may (--max-failures)");

  metrics = score_splits(samples, Dialect::kStrict, {.max_failures = 1});
  EXPECT_FALSE(scores_withheld(metrics));
  EXPECT_EQ(metrics["splits"]["random"]["accuracy"], 0.5);  // a failure is not a wrong answer
  EXPECT_EQ(metrics["splits"]["random"]["failed"], 1);
}

TEST(PopeScore, SplitsThatShareImagesAreAveraged) {
  auto samples = four();
  for (SampleOutcome sample : four()) {
    sample.split = "popular";
    sample.answer = "No";
    samples.push_back(sample);
  }
  const Json metrics = score_splits(samples, Dialect::kOfficial);
  EXPECT_EQ(metrics["average"]["accuracy"], (0.75 + 0.5) / 2);
  EXPECT_TRUE(metrics["average"]["precision"].is_null());
  EXPECT_EQ(metrics["splits"]["popular"]["reason"],
            "precision: no answer is yes; f1: precision and recall are both 0, or one of them is "
            "undefined");
}

TEST(PopeScore, MarginsGiveAurocAndCalibration) {
  const Json split = score_splits(four(), Dialect::kOfficial)["splits"]["random"];
  EXPECT_EQ(split["margins"], 4);
  EXPECT_EQ(split["auroc"], 1.0);
  EXPECT_EQ(split["calibration"]["bins"].size(), 10u);
  auto plain = four();
  for (SampleOutcome& sample : plain) sample.margin.reset();
  EXPECT_FALSE(score_splits(plain, Dialect::kOfficial)["splits"]["random"].contains("auroc"));
}

TEST(PopeScore, NoSamplesIsNoNumber) {
  const Json metrics = score_splits({}, Dialect::kOfficial, {.splits = {"random"}});
  EXPECT_EQ(metrics["splits"]["random"]["reason"], "no answers");
  EXPECT_TRUE(metrics["average"]["accuracy"].is_null());
  EXPECT_TRUE(score_splits({}, Dialect::kStrict)["average"]["accuracy"].is_null());
}

TEST(PopeScore, RowsKeepAllThatScoringNeeds) {
  auto samples = four();
  samples[3].error = "no answer";
  std::vector<SampleOutcome> again;
  for (const SampleOutcome& sample : samples) {
    again.push_back(sample_of_row(sample_row(sample, Dialect::kStrict), "samples.jsonl:1"));
  }
  EXPECT_EQ(score_splits(samples, Dialect::kStrict, {.max_failures = 1}),
            score_splits(again, Dialect::kStrict, {.max_failures = 1}));
  const Json row = sample_row(samples[2], Dialect::kStrict);
  EXPECT_EQ(row["key"], "random/3");
  EXPECT_EQ(row["status"], "unparsed");
  EXPECT_TRUE(row["correct"].is_null());
  EXPECT_EQ(sample_row(samples[1], Dialect::kStrict)["correct"], false);
  EXPECT_EQ(sample_row(samples[3], Dialect::kStrict)["status"], "failed");
  EXPECT_THROW(sample_of_row(Json{{"split", "random"}}, "samples.jsonl:1"), Error);
}

}  // namespace
}  // namespace vigor::pope
