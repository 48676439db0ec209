#include "reports/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/compare_formats.h"
#include "reports/page.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::synthetic_answers;
using testing::SyntheticModel;
using testing::SyntheticRun;
using testing::SyntheticWorld;
using testing::TemporaryFolder;
using testing::write_pope_run;

class CompareTest : public ::testing::Test {
 protected:
  RunView pope(const std::string& name, const SyntheticModel& model, SyntheticRun run = {},
               const SyntheticWorld& world = {}) {
    run.name = name;
    write_pope_run(folder_ / name, synthetic_answers(world, model), run);
    return open_run((folder_ / name).string());
  }
  std::string refusal(const RunView& a, const RunView& b) {
    try {
      compare_runs({a}, {b});
    } catch (const Error& error) {
      return error.what();
    }
    return "not refused";
  }
  TemporaryFolder folder_;
};

TEST_F(CompareTest, ALargeDropIsWorse) {
  const Comparison result =
      compare_runs({pope("base", {})}, {pope("worse", {.drop = 0.08, .seed = 1})});
  const MetricComparison* accuracy = result.metric("average.accuracy");
  ASSERT_NE(accuracy, nullptr);
  EXPECT_EQ(accuracy->verdict, Verdict::kWorse);
  EXPECT_LT(*accuracy->difference, 0);
  EXPECT_LT(accuracy->interval->high, 0);
  EXPECT_GE(*accuracy->p_holm, *accuracy->p);
  EXPECT_GT(*accuracy->mdd, 0);
  EXPECT_EQ(accuracy->clusters, 60u);
  EXPECT_GT(result.regressed, result.improved);
  EXPECT_EQ(result.paired, 60u * 6 * 3);
}

TEST_F(CompareTest, TheSameAnswersAreIdentical) {
  const Comparison result = compare_runs({pope("a", {})}, {pope("b", {})});
  for (const MetricComparison& one : result.metrics) {
    EXPECT_EQ(one.verdict, Verdict::kIdentical) << one.metric.key;
    EXPECT_EQ(*one.difference, 0);
  }
  EXPECT_TRUE(result.flips.empty());
  EXPECT_EQ(result.mcnemar.front().p, 1);
}

// A model that answers the same, and is less sure where it is right.
TEST_F(CompareTest, MarginsCanGetWorseWhileAnswersStay) {
  auto answers = synthetic_answers({}, {});
  for (size_t i = 0; i < answers.size(); ++i) {
    const bool right = (answers[i].answer == "Yes") == (answers[i].question.label == "yes");
    if (right && i % 2 == 0) *answers[i].margin *= 0.05;
  }
  write_pope_run(folder_ / "unsure", answers);
  const Comparison result = compare_runs(
      {pope("base", {})}, {open_run((folder_ / "unsure").string())}, {.resamples = 500});
  EXPECT_EQ(result.metric("average.accuracy")->verdict, Verdict::kIdentical);
  const MetricComparison* auroc = result.metric("average.auroc");
  ASSERT_NE(auroc, nullptr);
  EXPECT_EQ(auroc->verdict, Verdict::kWorse);
  EXPECT_LT(auroc->interval->high, 0);
  ASSERT_TRUE(auroc->bootstrap);
  EXPECT_NEAR(auroc->bootstrap->low, auroc->interval->low, 0.01);
  EXPECT_TRUE(result.metric("popular.ece")->interval);
  EXPECT_EQ(result.flips.size(), 0u);
}

// AUROC and calibration are a family of their own: runs without margins have the same p values.
TEST_F(CompareTest, MarginsDoNotChangeTheOtherFiguresTests) {
  const auto answers = synthetic_answers({}, {}),
             others = synthetic_answers({}, {.drop = 0.03, .seed = 1});
  auto plain = answers, plain_others = others;
  for (auto* list : {&plain, &plain_others}) {
    for (auto& one : *list) one.margin.reset();
  }
  const auto run = [&](const char* name, const auto& list) {
    write_pope_run(folder_ / name, list);
    return open_run((folder_ / name).string());
  };
  const Comparison with = compare_runs({run("a", answers)}, {run("b", others)});
  const Comparison without = compare_runs({run("c", plain)}, {run("d", plain_others)});
  EXPECT_EQ(with.metrics.size(), 27u);
  EXPECT_EQ(without.metrics.size(), 20u);
  for (const MetricComparison& one : without.metrics) {
    EXPECT_EQ(one.p_holm, with.metric(one.metric.key)->p_holm) << one.metric.key;
  }
}

TEST_F(CompareTest, TheOtherWayRoundTheSignsTurn) {
  const RunView a = pope("a", {}), b = pope("b", {.drop = 0.08, .seed = 1});
  const Comparison there = compare_runs({a}, {b}), back = compare_runs({b}, {a});
  EXPECT_DOUBLE_EQ(*there.metric("average.f1")->difference,
                   -*back.metric("average.f1")->difference);
  EXPECT_DOUBLE_EQ(*there.metric("average.f1")->p, *back.metric("average.f1")->p);
  EXPECT_EQ(back.metric("average.f1")->verdict, Verdict::kBetter);
  EXPECT_EQ(there.regressed, back.improved);
}

TEST_F(CompareTest, AYesRatioChangesButIsNeitherBetterNorWorse) {
  auto answers = synthetic_answers({}, {});
  for (size_t i = 0; i < answers.size(); i += 3) answers[i].answer = "Yes";
  write_pope_run(folder_ / "yes", answers);
  const Comparison result =
      compare_runs({pope("base", {})}, {open_run((folder_ / "yes").string())});
  EXPECT_EQ(result.metric("average.yes_ratio")->verdict, Verdict::kChanged);
}

TEST_F(CompareTest, McNemarCountsQuestionsByWhoWasRight) {
  const RunView a = pope("a", {}), b = pope("b", {.drop = 0.05, .seed = 1});
  const Comparison result = compare_runs({a}, {b});
  ASSERT_EQ(result.mcnemar.size(), 4u);
  const McNemar& all = result.mcnemar.front();
  EXPECT_EQ(all.both + all.neither + all.only_base + all.only_candidate, 60 * 6 * 3);
  EXPECT_EQ(all.only_base, result.regressed);
  EXPECT_EQ(all.only_candidate, result.improved);
  EXPECT_EQ(all.only_base, result.mcnemar[1].only_base + result.mcnemar[2].only_base +
                               result.mcnemar[3].only_base);
}

TEST_F(CompareTest, FlipsComeWorstFirst) {
  const RunView a = pope("a", {}), b = pope("b", {.drop = 0.05, .seed = 1});
  const Comparison result = compare_runs({a}, {b});
  ASSERT_GT(result.flips.size(), 4u);
  EXPECT_EQ(result.flips.front().kind, Flip::Kind::kRegressed);
  EXPECT_EQ(result.flips.back().kind, Flip::Kind::kImproved);
  // Of equal scores the margin that moved furthest from the truth comes first.
  EXPECT_LE(*result.flips[0].margin, *result.flips[1].margin);
  EXPECT_LT(*result.flips[0].margin, 0);
}

TEST_F(CompareTest, AnAnswerThatIsNoLongerReadableIsLostNotWrong) {
  auto answers = synthetic_answers({}, {});
  answers[7].answer = "I cannot tell.";
  write_pope_run(folder_ / "b", answers, {.dialect = pope::Dialect::kStrict});
  const Comparison result = compare_runs({pope("a", {}, {.dialect = pope::Dialect::kStrict})},
                                         {open_run((folder_ / "b").string())});
  EXPECT_EQ(result.lost, 1);
  EXPECT_EQ(result.regressed, 0);
  EXPECT_EQ(result.flips.front().candidate_outcome, "neither yes nor no");
}

TEST_F(CompareTest, RunsThatMustNotBeComparedAreRefusedByName) {
  const RunView base = pope("base", {});
  EXPECT_THAT(refusal(base, pope("dialect", {}, {.dialect = pope::Dialect::kStrict})),
              HasSubstr("dialect: official, strict"));
  EXPECT_THAT(
      refusal(base, pope("prompt", {}, {.suffix = "One word."})),
      AllOf(HasSubstr("prompt: {\"suffix\":\"\"}"), HasSubstr("One word."), HasSubstr("--force")));
  EXPECT_THAT(refusal(base, pope("fewer", {}, {}, {.images = 50})),
              HasSubstr("questions: 180 only in BASE (adversarial/301, ...)"));
  auto other = synthetic_answers({}, {});
  other[0].question.label = "no";
  write_pope_run(folder_ / "other", other);
  EXPECT_THAT(refusal(base, open_run((folder_ / "other").string())),
              HasSubstr("1 of another image, text or truth (random/1)"));
}

TEST_F(CompareTest, ForceComparesAndSaysSo) {
  const Comparison result =
      compare_runs({pope("a", {})}, {pope("b", {}, {.suffix = "One word."})}, {.force = true});
  ASSERT_EQ(result.incomparable.size(), 1u);
  EXPECT_THAT(compare_text(result, nullptr), HasSubstr("NOT COMPARABLE (--force): prompt"));
  EXPECT_THAT(compare_markdown(result, nullptr), HasSubstr("**Not comparable**"));
  EXPECT_EQ(compare_json(result, nullptr)["forced"], true);
}

TEST_F(CompareTest, WithheldScoresAreNotTested) {
  auto answers = synthetic_answers({}, {});
  answers[0].error = "no answer";
  write_pope_run(folder_ / "b", answers);
  const Comparison result = compare_runs({pope("a", {})}, {open_run((folder_ / "b").string())});
  const MetricComparison* accuracy = result.metric("average.accuracy");
  EXPECT_EQ(accuracy->verdict, Verdict::kUntested);
  EXPECT_FALSE(accuracy->difference);
  EXPECT_THAT(accuracy->reason, HasSubstr("CANDIDATE: 1 of 1080 samples failed"));
}

TEST_F(CompareTest, OneSplitAndItsAverageAreOneTest) {
  const SyntheticWorld world{.splits = {"random"}};
  const Comparison result =
      compare_runs({pope("a", {}, {}, world)}, {pope("b", {.drop = 0.05, .seed = 1}, {}, world)});
  const MetricComparison* accuracy = result.metric("average.accuracy");
  // Two headline figures, accuracy and F1: the smaller p counts twice at most.
  EXPECT_LE(*accuracy->p_holm, 2 * *accuracy->p + 1e-15);
  EXPECT_DOUBLE_EQ(*result.metric("random.precision")->p, *result.metric("average.precision")->p);
  EXPECT_DOUBLE_EQ(*result.metric("random.precision")->p_holm,
                   *result.metric("average.precision")->p_holm);
}

TEST_F(CompareTest, SeedsWidenTheInterval) {
  std::vector<RunView> base, candidate;
  for (uint64_t seed = 0; seed < 3; ++seed) {
    base.push_back(pope("base" + std::to_string(seed), {.seed = seed}));
    candidate.push_back(pope("new" + std::to_string(seed),
                             {.drop = 0.02 + 0.03 * static_cast<double>(seed), .seed = 10 + seed}));
  }
  const Comparison one = compare_runs({base[0]}, {candidate[1]});
  const Comparison all = compare_runs(base, candidate);
  const auto width = [](const Comparison& c) {
    const auto& interval = c.metric("average.accuracy")->interval;
    return interval->high - interval->low;
  };
  EXPECT_GT(width(all), width(one));
  EXPECT_EQ(all.metric("average.accuracy")->base_seeds.size(), 3u);
  EXPECT_TRUE(all.mcnemar.empty());
  EXPECT_EQ(all.candidate.seeds, 3u);
}

TEST_F(CompareTest, BootstrapIntervalsStandBesideTheOthers) {
  const Comparison result =
      compare_runs({pope("a", {})}, {pope("b", {.drop = 0.05, .seed = 1})}, {.resamples = 2000});
  const MetricComparison* f1 = result.metric("average.f1");
  ASSERT_TRUE(f1->bootstrap);
  EXPECT_NEAR(f1->bootstrap->low, f1->interval->low, 0.01);
  EXPECT_NEAR(f1->bootstrap->high, f1->interval->high, 0.01);
}

TEST_F(CompareTest, HostileTextStaysData) {
  auto answers = synthetic_answers({}, {.drop = 0.05, .seed = 1});
  const std::string hostile = "|`@team` <img src=x onerror=alert(1)>\x1b[31m";
  for (auto& answer : answers) answer.question.text = hostile;
  write_pope_run(folder_ / "b", answers, {.name = hostile});
  auto before = synthetic_answers({}, {});
  for (auto& answer : before) answer.question.text = hostile;
  write_pope_run(folder_ / "a", before);
  const Comparison result =
      compare_runs({open_run((folder_ / "a").string())}, {open_run((folder_ / "b").string())});
  EXPECT_THAT(compare_text(result, nullptr), Not(HasSubstr("\x1b")));
  EXPECT_THAT(compare_markdown(result, nullptr), Not(HasSubstr("|`@team")));
  EXPECT_THAT(compare_junit(result, nullptr),
              AllOf(Not(HasSubstr("<img")), Not(HasSubstr("\x1b"))));
}

TEST_F(CompareTest, JsonHasEveryFigureAndEveryFlip) {
  const Comparison result = compare_runs({pope("a", {})}, {pope("b", {.drop = 0.05, .seed = 1})});
  const Json json = compare_json(result, nullptr);
  EXPECT_EQ(json["metrics"].size(), 27u);
  EXPECT_EQ(json["flips"]["samples"].size(), result.flips.size());
  EXPECT_EQ(json["metrics"][0]["key"], "average.accuracy");
  EXPECT_TRUE(json["gate"].is_null());
  EXPECT_EQ(json["base"]["counts"]["scored"], 60 * 6 * 3);
}

}  // namespace
}  // namespace vigor::reports
