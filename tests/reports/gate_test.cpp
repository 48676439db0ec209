#include "reports/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/random.h"
#include "reports/compare_formats.h"

namespace vigor::reports {
namespace {

using ::testing::HasSubstr;

int worlds() {
  const char* text = std::getenv("VIGOR_WORLDS");
  return text == nullptr ? 2000 : std::max(100, std::atoi(text));
}

// Two runs in memory whose figures "m0", "m1", ... are shares over the same images; figure i of the
// candidate is right less often by drops[i].
struct Pair {
  RunView base, candidate;
};

RunMetric share(const std::string& key, const std::vector<statistics::ClusterRatio>& clusters) {
  RunMetric metric;
  metric.key = metric.name = metric.title = key;
  metric.headline = true;
  metric.terms = {{1, clusters}};
  metric.value = statistics::sum_estimate(metric.terms)->value;
  return metric;
}

Pair world(uint64_t seed, uint64_t number, int images, const std::vector<double>& drops,
           double own = 0.4) {
  Pair pair;
  CounterRandom random(seed, "gate", number);
  for (RunView* view : {&pair.base, &pair.candidate}) {
    view->benchmark = "test";
    view->folder = view == &pair.base ? "base" : "candidate";
    for (int c = 0; c < images; ++c) view->clusters.push_back(std::to_string(c));
  }
  for (size_t m = 0; m < drops.size(); ++m) {
    std::vector<statistics::ClusterRatio> left, right;
    for (int c = 0; c < images; ++c) {
      const double p = 0.75 + 0.2 * random.uniform();
      statistics::ClusterRatio a{0, 6}, b{0, 6};
      for (int i = 0; i < 6; ++i) {
        const double shared = random.uniform();
        a.numerator += shared < p ? 1 : 0;
        b.numerator += (random.uniform() < own ? random.uniform() : shared) < p - drops[m] ? 1 : 0;
      }
      left.push_back(a);
      right.push_back(b);
    }
    const std::string key = "m" + std::to_string(m);
    pair.base.metrics.push_back(share(key, left));
    pair.candidate.metrics.push_back(share(key, right));
  }
  return pair;
}

GateResult gated(const Pair& pair, const Json& rules) {
  return apply_gate(parse_gate({{"rules", rules}}, "gate.json"),
                    compare_runs({pair.base}, {pair.candidate}));
}

TEST(Gate, ALargeDropIsARegression) {
  const GateResult result =
      gated(world(1, 0, 300, {0.08}), {{{"metric", "m0"}, {"allowed_drop", 0.01}}});
  EXPECT_EQ(result.outcome, GateOutcome::kRegression);
  const RuleResult& rule = result.rules.front();
  EXPECT_GT(rule.bounds->low, 0.01);
  EXPECT_GT(*rule.mdd, 0.01);
  EXPECT_THAT(rule_sentence(rule), HasSubstr("m0 dropped by"));
  EXPECT_EQ(exit_code(result.outcome), ExitCode::kRegression);
}

TEST(Gate, NoChangeOnManyImagesPasses) {
  const GateResult result =
      gated(world(1, 1, 1500, {0}, 0.1), {{{"metric", "m0"}, {"allowed_drop", 0.02}}});
  EXPECT_EQ(result.outcome, GateOutcome::kPass);
  EXPECT_LT(result.rules.front().bounds->high, 0.02);
}

TEST(Gate, TooFewImagesAreInconclusiveAndSayHowManyWouldDecide) {
  const GateResult result =
      gated(world(1, 2, 12, {0.01}), {{{"metric", "m0"}, {"allowed_drop", 0.01}}});
  EXPECT_EQ(result.outcome, GateOutcome::kInconclusive);
  EXPECT_GT(result.rules.front().clusters_needed, 12u);
  EXPECT_THAT(rule_sentence(result.rules.front()), HasSubstr("images would decide instead of 12"));
  EXPECT_EQ(exit_code(result.outcome), ExitCode::kInconclusive);
}

TEST(Gate, IdenticalAnswersPassEvenWithoutAllowance) {
  const GateResult result =
      gated(world(1, 3, 20, {0}, 0), {{{"metric", "m0"}, {"allowed_drop", 0}}});
  EXPECT_EQ(result.outcome, GateOutcome::kPass);
}

TEST(Gate, AnImprovementIsNoRegression) {
  const GateResult result =
      gated(world(1, 4, 300, {-0.04}), {{{"metric", "m0"}, {"allowed_drop", 0}}});
  EXPECT_EQ(result.outcome, GateOutcome::kPass);
  EXPECT_THAT(rule_sentence(result.rules.front()), HasSubstr("did not drop"));
}

TEST(Gate, LowerIsBetterTurnsTheDrop) {
  const Pair pair = world(1, 5, 300, {0.08});
  EXPECT_EQ(gated(pair, {{{"metric", "m0"}, {"allowed_drop", 0}, {"direction", "lower"}}}).outcome,
            GateOutcome::kPass);
}

TEST(Gate, EitherWayIsARegression) {
  for (const double drop : {-0.05, 0.08}) {
    EXPECT_EQ(gated(world(1, 6, 400, {drop}),
                    {{{"metric", "m0"}, {"allowed_drop", 0.01}, {"direction", "either"}}})
                  .outcome,
              GateOutcome::kRegression);
  }
}

TEST(Gate, WhatWasNotComputedIsInconclusiveNeverAPass) {
  Pair pair = world(1, 7, 50, {0});
  pair.candidate.metrics[0].value.reset();
  pair.candidate.metrics[0].terms.clear();
  pair.candidate.metrics[0].reason = "3 samples failed";
  const GateResult result = gated(pair, {{{"metric", "m0"}, {"allowed_drop", 0.5}}});
  EXPECT_EQ(result.outcome, GateOutcome::kInconclusive);
  EXPECT_THAT(rule_sentence(result.rules.front()), HasSubstr("CANDIDATE: 3 samples failed"));
}

TEST(Gate, TheWorstRuleDecides) {
  const Pair pair = world(1, 8, 400, {0, 0.1}, 0.1);
  const GateResult result = gated(pair, {{{"metric", "m0"}, {"allowed_drop", 0.05}},
                                         {{"metric", "m1"}, {"allowed_drop", 0.01}}});
  EXPECT_EQ(result.rules[0].outcome, GateOutcome::kPass);
  EXPECT_EQ(result.rules[1].outcome, GateOutcome::kRegression);
  EXPECT_EQ(result.outcome, GateOutcome::kRegression);
  EXPECT_EQ(worse(GateOutcome::kInconclusive, GateOutcome::kPass), GateOutcome::kInconclusive);
}

TEST(Gate, RulesOfOtherBenchmarksAreSkipped) {
  const Pair pair = world(1, 9, 50, {0});
  const GateResult result =
      gated(pair, {{{"metric", "m0"}, {"allowed_drop", 0.5}},
                   {{"metric", "perception"}, {"benchmark", "mme"}, {"allowed_drop", 20}}});
  EXPECT_EQ(result.rules.size(), 1u);
  EXPECT_EQ(result.skipped, std::vector<std::string>{"mme perception"});
}

std::string message_of(const Json& gate) {
  try {
    const Pair pair = world(1, 10, 20, {0});
    Comparison comparison = compare_runs({pair.base}, {pair.candidate});
    comparison.metrics.front().metric.better = Better::kNeither;
    apply_gate(parse_gate(gate, "gate.json"), comparison);
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(Gate, MistakesInTheFileAreNamed) {
  EXPECT_THAT(message_of({{"rules", Json::array()}}), HasSubstr("at least one rule"));
  EXPECT_THAT(message_of({{"rule", Json::array()}}), HasSubstr("rules"));
  const auto rule = [](Json more) {
    Json one = {{"metric", "m0"}, {"allowed_drop", 0.1}};
    one.update(more);
    return Json{{"rules", {one}}};
  };
  EXPECT_THAT(message_of(rule({{"alowed_drop", 1}})), HasSubstr("allowed_drop"));
  EXPECT_THAT(message_of(rule({{"direction", "hihger"}})), HasSubstr("did you mean higher?"));
  EXPECT_THAT(message_of(rule({{"allowed_drop", -1}})), HasSubstr("0 or more"));
  EXPECT_THAT(message_of(rule({{"level", 0.9}})), HasSubstr("'level'"));
  EXPECT_THAT(message_of(rule({{"metric", "m00"}})), HasSubstr("none of test"));
  EXPECT_THAT(message_of(rule(Json::object())), HasSubstr("\"direction\": \"either\""));
  EXPECT_THAT(message_of(rule({{"allowed_drop", 2}})), HasSubstr("0.01 for one percentage point"));
  EXPECT_THAT(message_of(rule({{"benchmark", "pope"}})), HasSubstr("no rule of the gate"));
}

TEST(Gate, JUnitHasOneCaseARule) {
  const Pair pair = world(1, 11, 400, {0, 0.1}, 0.1);
  const Comparison comparison = compare_runs({pair.base}, {pair.candidate});
  const GateResult result = apply_gate(parse_gate({{"rules",
                                                    {{{"metric", "m0"}, {"allowed_drop", 0.05}},
                                                     {{"metric", "m1"}, {"allowed_drop", 0.01}}}}},
                                                  "gate.json"),
                                       comparison);
  const std::string junit = compare_junit(comparison, &result);
  EXPECT_THAT(junit, HasSubstr("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""));
  EXPECT_THAT(junit, HasSubstr("<failure message=\"m1 dropped by"));
}

double regressions(const std::vector<double>& drops, double allowed) {
  int found = 0;
  Json rules = Json::array();
  for (size_t m = 0; m < drops.size(); ++m) {
    rules.push_back({{"metric", "m" + std::to_string(m)}, {"allowed_drop", allowed}});
  }
  for (int w = 0; w < worlds(); ++w) {
    found += gated(world(21 + drops.size(), static_cast<uint64_t>(w), 80, drops), rules).outcome ==
             GateOutcome::kRegression;
  }
  return static_cast<double>(found) / worlds();
}

// The hardest candidate that must not fail: it dropped by exactly what is allowed. 2,000 worlds
// have a standard error of 0.5 %.
TEST(GateSimulation, TypeOneErrorIsTheLevel) {
  const double share = regressions({0.03}, 0.03);
  EXPECT_GE(share, 0.04);
  EXPECT_LE(share, 0.06);
}

TEST(GateSimulation, SeveralRulesTogetherKeepTheLevel) {
  const double share = regressions({0.03, 0.03, 0.03}, 0.03);
  EXPECT_GE(share, 0.035);
  EXPECT_LE(share, 0.06);
}

// A drop as large as the minimum detectable difference says is found about as often as its power.
TEST(GateSimulation, TheDetectableDropIsDetected) {
  double smallest = 0;
  for (uint64_t w = 0; w < 50; ++w) {
    smallest +=
        *gated(world(31, w, 80, {0.04}), {{{"metric", "m0"}, {"allowed_drop", 0}}}).rules[0].mdd /
        50;
  }
  const double share = regressions({smallest}, 0);
  EXPECT_NEAR(share, 0.8, 0.05);
}

}  // namespace
}  // namespace vigor::reports
