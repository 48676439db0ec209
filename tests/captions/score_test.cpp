// Scores of rows written by hand: the figures can be followed with a pencil.
#include "benchmarks/captions/score.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "judges/ranking/metrics.h"

namespace vigor::captions {
namespace {

// All seven metrics ranked alike. Null stands for the canary.
Json row(const std::string& image, const Json& shown, const Json& groups, int order = 0,
         int repeat = 0) {
  Json rankings = Json::object();
  for (const auto& metric : ranking::kMetrics) rankings[std::string(metric.code)] = groups;
  return {{"key", image + std::to_string(order) + std::to_string(repeat)},
          {"image", image},
          {"order", order},
          {"repeat", repeat},
          {"shown", shown},
          {"status", "scored"},
          {"partial", false},
          {"rankings", rankings}};
}

Json groups(std::initializer_list<std::vector<const char*>> list) {
  Json out = Json::array();
  for (const auto& group : list) {
    Json names = Json::array();
    for (const char* name : group) names.push_back(name == nullptr ? Json() : Json(name));
    out.push_back(names);
  }
  return out;
}

Json failed(const std::string& image) {
  return {{"key", image}, {"image", image}, {"status", "failed"}, {"error", "HTTP 500"}};
}

ScoreOptions options(std::vector<std::string> images,
                     std::vector<std::string> names = {"A", "B", "C"}) {
  ScoreOptions out;
  out.candidates = std::move(names);
  out.calls = static_cast<int64_t>(images.size());
  out.images = std::move(images);
  out.replicates = 100;
  return out;
}

const Json kShown = {"A", "B", "C"};

TEST(RankingScore, MeanRanksWithTiesShared) {
  const std::vector<Json> rows = {row("x", kShown, groups({{"A"}, {"B"}, {"C"}})),
                                  row("y", kShown, groups({{"A", "C"}, {"B"}}))};
  const Json metrics = score_ranking(rows, options({"x", "y"}), "test");
  EXPECT_EQ(metrics["models"]["A"]["HL"], 1.25);
  EXPECT_EQ(metrics["models"]["B"]["HL"], 2.5);
  EXPECT_EQ(metrics["models"]["C"]["HL"], 2.25);
  EXPECT_EQ(metrics["models"]["C"]["average"], 2.25);
  EXPECT_TRUE(metrics["models"]["A"]["ci95"]["HL"].is_array());
  EXPECT_EQ(metrics["complete"], true);
  EXPECT_FALSE(scores_withheld(metrics));
}

TEST(RankingScore, AMetricWithoutARankingIsLeftOutOfItsMeanAlone) {
  std::vector<Json> rows = {row("x", kShown, groups({{"A"}, {"B"}, {"C"}})),
                            row("y", kShown, groups({{"C"}, {"B"}, {"A"}}))};
  rows[1]["rankings"]["CA"] = nullptr;
  rows[1]["partial"] = true;
  const Json metrics = score_ranking(rows, options({"x", "y"}), "test");
  EXPECT_EQ(metrics["models"]["A"]["CA"], 1);
  EXPECT_EQ(metrics["models"]["A"]["HL"], 2);
  EXPECT_EQ(metrics["tests"]["CA"]["images"], 1);
  EXPECT_EQ(metrics["partial"], 1);
}

TEST(RankingScore, NothingJudgedIsNoNumber) {
  std::vector<Json> rows = {{{"key", "x"}, {"image", "x"}, {"status", "unjudged"}}};
  const Json metrics = score_ranking(rows, options({"x"}), "test");
  EXPECT_TRUE(metrics["models"]["A"]["HL"].is_null());
  EXPECT_TRUE(metrics["models"]["A"]["average"].is_null());
  EXPECT_EQ(metrics["models"]["A"]["reason"], "no image was judged for HL, CA, AA, RA, RL, RS, DL");
  EXPECT_EQ(metrics["counts"]["unjudged"], 1);
}

TEST(RankingScore, FailuresWithholdEverything) {
  const std::vector<Json> rows = {row("x", kShown, groups({{"A"}, {"B"}, {"C"}})), failed("y")};
  ScoreOptions how = options({"x", "y"});
  Json metrics = score_ranking(rows, how, "test");
  EXPECT_TRUE(scores_withheld(metrics));
  EXPECT_TRUE(metrics["models"]["A"]["HL"].is_null());
  EXPECT_EQ(metrics["reason"], "1 of 2 calls failed, 0 may (--max-failures)");
  how.max_failures = 1;
  metrics = score_ranking(rows, how, "test");
  EXPECT_EQ(metrics["models"]["A"]["HL"], 1);
  EXPECT_EQ(metrics["complete"], false);
}

TEST(RankingScore, OrdersAreAveragedAndCompared) {
  const std::vector<Json> rows = {row("x", kShown, groups({{"A"}, {"B"}, {"C"}})),
                                  row("x", {"B", "C", "A"}, groups({{"B"}, {"A"}, {"C"}}), 1)};
  ScoreOptions how = options({"x"});
  how.calls = 2;
  const Json metrics = score_ranking(rows, how, "test");
  EXPECT_EQ(metrics["models"]["A"]["HL"], 1.5);
  EXPECT_EQ(metrics["models"]["B"]["HL"], 1.5);
  EXPECT_DOUBLE_EQ(metrics["orders"]["reversed"], 1.0 / 3);
  EXPECT_DOUBLE_EQ(metrics["orders"]["kendalls_w"], 0.75);
  EXPECT_TRUE(metrics["repeats"].is_null());
}

TEST(RankingScore, ARepeatCountsForAgreementAlone) {
  const std::vector<Json> rows = {row("x", kShown, groups({{"A"}, {"B"}, {"C"}})),
                                  row("x", kShown, groups({{"C"}, {"B"}, {"A"}}), 0, 1)};
  const Json metrics = score_ranking(rows, options({"x"}), "test");
  EXPECT_EQ(metrics["models"]["A"]["HL"], 1);
  EXPECT_EQ(metrics["repeats"]["reversed"], 1);
}

TEST(RankingScore, TheCanaryIsTakenOutOfTheRanks) {
  const std::vector<Json> rows = {
      row("x", {"A", nullptr, "B", "C"}, groups({{nullptr}, {"B"}, {"A"}, {"C"}})),
      row("y", {nullptr, "A", "B", "C"}, groups({{"A"}, {"B", nullptr}, {"C"}}))};
  const Json metrics = score_ranking(rows, options({"x", "y"}), "test");
  EXPECT_EQ(metrics["models"]["A"]["HL"], 1.5);
  EXPECT_EQ(metrics["models"]["B"]["HL"], 1.5);
  EXPECT_EQ(metrics["models"]["C"]["HL"], 3);
  EXPECT_EQ(metrics["canaries"]["calls"], 2);
  EXPECT_EQ(metrics["canaries"]["first_share"], 0.5);
  EXPECT_FALSE(metrics["warnings"].empty());
}

TEST(RankingScore, PairsGiveStrengths) {
  std::vector<Json> rows;
  std::vector<std::string> images;
  for (int i = 0; i < 10; ++i) {
    images.push_back("i" + std::to_string(i));
    const bool upset = i == 0;
    rows.push_back(
        row(images.back(), {"A", "B"}, upset ? groups({{"B"}, {"A"}}) : groups({{"A"}, {"B"}})));
  }
  ScoreOptions how = options(images, {"A", "B"});
  how.mode = Mode::kPairwise;
  const Json metrics = score_ranking(rows, how, "test");
  // 9 + 1/2 wins against 1 + 1/2: log strength = half the log odds.
  EXPECT_NEAR(metrics["models"]["A"]["HL"], std::log(9.5 / 1.5) / 2, 1e-9);
  EXPECT_NEAR(metrics["models"]["B"]["HL"], -std::log(9.5 / 1.5) / 2, 1e-9);
  EXPECT_EQ(metrics["lower_is_better"], false);
}

TEST(RankingScore, RowsOfAnotherRunAreRefused) {
  EXPECT_THROW(
      score_ranking({row("z", kShown, groups({{"A"}, {"B"}, {"C"}}))}, options({"x"}), "test"),
      Error);
  EXPECT_THROW(score_ranking({row("x", kShown, groups({{"A"}, {"B"}}))}, options({"x"}), "test"),
               Error);
}

}  // namespace
}  // namespace vigor::captions
