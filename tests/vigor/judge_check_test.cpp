// Rewards against judgements of people, worked out by hand.
#include "vigor/judge_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "A dog. It runs. It flies." with a label for each sentence.
CaptionAnnotation judged_by(const std::string& image, const std::string& annotator,
                            std::vector<SentenceLabel> labels) {
  CaptionAnnotation out;
  out.image = image;
  out.annotator = annotator;
  out.caption = "A dog. It runs. It flies.";
  const std::vector<language::Span> spans = {{0, 6}, {7, 15}, {16, 25}};
  for (size_t i = 0; i < spans.size(); ++i) {
    out.sentences.push_back({spans[i], labels[i], {}, std::nullopt});
    if (labels[i] == SentenceLabel::kWrong) {
      out.sentences.back().errors = {SentenceError::kObject};
    }
  }
  return out;
}

// The reward model's row of it, by the probability that each sentence is good.
Json model_row(const std::string& image, const std::vector<double>& probabilities) {
  Json sentences = Json::array();
  const std::vector<std::vector<int>> spans = {{0, 6}, {7, 15}, {16, 25}};
  double positive = 0, negative = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    const double p = probabilities[i];
    sentences.push_back({{"span", spans[i]},
                         {"positive", p},
                         {"negative", p - 1},
                         {"margin", std::log(p / (1 - p))},
                         {"errors", p < 0.5 ? Json::array({"count"}) : Json::array()}});
    positive += p;
    negative += p - 1;
  }
  return {{"image", image},        {"sample", 0},
          {"status", "scored"},    {"caption", "A dog. It runs. It flies."},
          {"positive", positive},  {"negative", negative},
          {"sentences", sentences}};
}

std::vector<RewardRow> rewards_of(const std::vector<Json>& rows) {
  std::string text;
  for (const Json& row : rows) text += dump_json(row) + "\n";
  return parse_rewards(text, "rewards");
}

constexpr auto kC = SentenceLabel::kCorrect, kW = SentenceLabel::kWrong,
               kU = SentenceLabel::kUnjudged;

TEST(JudgeCheck, FiguresOfAllAndOfEachAnnotator) {
  const auto rewards =
      rewards_of({model_row("a.jpg", {0.8, 0.6, 0.4}), model_row("b.jpg", {0.8, 0.4, 0.4})});
  const Json check =
      judge_check({judged_by("a.jpg", "ann", {kC, kC, kW}), judged_by("b.jpg", "ann", {kC, kC, kU}),
                   judged_by("b.jpg", "bob", {kW, kC, kW})},
                  rewards, {});
  EXPECT_EQ(check["unit"], "sentence");
  const Json& all = check["all"];
  EXPECT_EQ(all["judged"], 8);
  EXPECT_EQ(all["images"], 2);
  // Called wrong: a3 (is wrong), b2 twice (correct), b3 (wrong); missed: b1 as bob sees it.
  EXPECT_EQ(all["tp"], 2);
  EXPECT_EQ(all["fp"], 2);
  EXPECT_EQ(all["fn"], 1);
  EXPECT_EQ(all["tn"], 3);
  EXPECT_EQ(all["accuracy"], 5.0 / 8);
  EXPECT_EQ(all["share_wrong"], 3.0 / 8);
  EXPECT_EQ(all["classes"]["wrong"]["precision"], 0.5);
  EXPECT_DOUBLE_EQ(all["classes"]["wrong"]["recall"].get<double>(), 2.0 / 3);
  EXPECT_EQ(all["classes"]["correct"]["precision"], 0.75);
  EXPECT_EQ(all["classes"]["correct"]["recall"], 0.6);
  EXPECT_TRUE(all["ci95"]["accuracy"].is_array());
  const Json& annotators = check["annotators"];
  EXPECT_EQ(annotators["ann"]["judged"], 5);
  EXPECT_EQ(annotators["ann"]["accuracy"], 0.8);
  EXPECT_EQ(annotators["bob"]["tp"], 1);
  EXPECT_TRUE(annotators["bob"]["ci95"]["accuracy"].is_null()) << "one image gives no interval";
  EXPECT_EQ(check["left_out"]["sentence that people left unjudged"]["count"], 1);
  // Brier: (0.2^2 + 0.4^2 + 0.4^2) + (0.2^2 + 0.6^2) + (0.8^2 + 0.6^2 + 0.4^2) over 8.
  EXPECT_NEAR(all["brier"].get<double>(), 1.92 / 8, 1e-12);
  // Bins at 0.4 (2 of 4 correct), 0.6 (1 of 1), 0.8 (2 of 3).
  EXPECT_NEAR(all["calibration"]["ece"].get<double>(),
              0.5 * 0.1 + 0.125 * 0.4 + 0.375 * (0.8 - 2.0 / 3), 1e-12);
  // Of 5 x 3 pairs of a correct and a wrong sentence: 0.8 0.8 0.6 0.4 0.4 against 0.4 0.4 0.8.
  EXPECT_NEAR(all["auroc"].get<double>(), (3 * 2 + 2 * 2 * 0.5 + 2 * 0.5) / 15, 1e-12);
}

TEST(JudgeCheck, KindsOfErrorThatWereThereAndThatWereNamed) {
  const Json check = judge_check({judged_by("a.jpg", "", {kC, kW, kW})},
                                 rewards_of({model_row("a.jpg", {0.9, 0.9, 0.1})}), {});
  const Json& kinds = check["all"]["kinds"];
  EXPECT_EQ(kinds["object"]["sentences"], 2);
  EXPECT_EQ(kinds["object"]["called_wrong"], 0.5);
  EXPECT_EQ(kinds["object"]["recall"], 0.0);
  EXPECT_TRUE(kinds["object"]["precision"].is_null()) << "never named";
  EXPECT_EQ(kinds["count"]["named"], 1);
  EXPECT_EQ(kinds["count"]["precision"], 0.0);
}

TEST(JudgeCheck, OnlyImagesThatTrainingDidNotSee) {
  const auto rewards =
      rewards_of({model_row("a.jpg", {0.9, 0.9, 0.9}), model_row("b.jpg", {0.9, 0.9, 0.1})});
  const std::vector<CaptionAnnotation> people = {judged_by("a.jpg", "", {kW, kW, kW}),
                                                 judged_by("b.jpg", "", {kC, kC, kW})};
  const auto held_out = conversation_images(
      R"([{"id": "b.jpg#0", "image": "b.jpg", "conversations": []}])", "held-out.json");
  const Json check = judge_check(people, rewards, {.images = held_out});
  EXPECT_EQ(check["images"], "held out");
  EXPECT_EQ(check["all"]["accuracy"], 1.0);
  EXPECT_THROW(conversation_images("[]", "held-out.json"), Error);
  EXPECT_THROW(conversation_images(R"([{"id": "b"}])", "held-out.json"), Error);
}

TEST(JudgeCheck, AHolisticRewardJudgesCaptions) {
  Json row = model_row("a.jpg", {0.9, 0.9, 0.9});
  for (Json& sentence : row["sentences"]) sentence = {{"span", sentence["span"]}};
  row["whole"] = {{"answer", "No."}, {"margin", -1.0}, {"errors", Json::array()}};
  row["positive"] = 0;
  row["negative"] = -1;
  const std::vector<CaptionAnnotation> people = {judged_by("a.jpg", "ann", {kC, kU, kW}),
                                                 judged_by("a.jpg", "bob", {kC, kC, kC}),
                                                 judged_by("a.jpg", "cy", {kC, kU, kC})};
  const Json check = judge_check(people, rewards_of({row}), {});
  EXPECT_EQ(check["unit"], "caption");
  EXPECT_EQ(check["all"]["judged"], 2);
  EXPECT_EQ(check["all"]["tp"], 1);
  EXPECT_EQ(check["all"]["fp"], 1);
  EXPECT_EQ(check["left_out"]["caption that people left unjudged"]["count"], 1);
  // As a verdict on each of the seven judged sentences, of which one is wrong.
  const Json sentences =
      judge_check(people, rewards_of({row}), {.images = {}, .by_sentence = true});
  EXPECT_EQ(sentences["unit"], "sentence");
  EXPECT_EQ(sentences["all"]["tp"], 1);
  EXPECT_EQ(sentences["all"]["fp"], 6);
}

TEST(JudgeCheck, ADetectorCallsASentenceWrongByOneMissingNoun) {
  Json row = model_row("a.jpg", {0.9, 0.9, 0.9});
  int i = 0;
  for (Json& sentence : row["sentences"]) {
    sentence = {{"span", sentence["span"]}, {"positive", 2}, {"negative", i++ == 2 ? -1 : 0}};
  }
  row["nouns"] = Json::array();
  const Json check = judge_check({judged_by("a.jpg", "", {kC, kC, kW})}, rewards_of({row}), {});
  EXPECT_EQ(check["all"]["accuracy"], 1.0);
  EXPECT_FALSE(check["all"].contains("calibration"));
  EXPECT_THAT(check["all"]["reason"]["calibration"].get<std::string>(), HasSubstr("no margins"));
}

TEST(JudgeCheck, WhatDoesNotBelongTogetherIsSaid) {
  const auto rewards = rewards_of({model_row("a.jpg", {0.9, 0.9, 0.9})});
  CaptionAnnotation other = judged_by("a.jpg", "", {kC, kC, kC});
  other.caption[0] = 'O';
  EXPECT_THROW(judge_check({other}, rewards, {}), Error);
  CaptionAnnotation divided = judged_by("a.jpg", "", {kC, kC, kC});
  divided.sentences[1].span.end = 14;
  const Json check = judge_check({divided, judged_by("x.jpg", "", {kC, kC, kC})}, rewards, {});
  EXPECT_EQ(check["all"]["judged"], 2);
  EXPECT_EQ(check["left_out"]["sentence that the rewards divide otherwise"]["example"],
            "a.jpg#0: 'It runs'");
  EXPECT_EQ(check["left_out"]["caption without a reward"]["count"], 1);
  EXPECT_THROW(judge_check({judged_by("x.jpg", "", {kC, kC, kC})}, rewards, {}), Error);
}

}  // namespace
}  // namespace vigor
