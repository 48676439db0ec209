#include "vigor/model_reward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "vigor/reward_file.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CaptionToJudge two_sentences(int64_t sample, const std::string& second) {
  const std::string text = "A dog. " + second;
  return {"a.jpg", sample, text, {{0, 6}, {7, text.size()}}};
}

ModelRewardOptions asked(RewardReading reading) {
  ModelRewardOptions options;
  options.questions = {"S?", "C?", "T?", "D?"};
  options.reading = reading;
  return options;
}

Answer answered(const std::string& text, std::optional<double> margin) {
  Answer out;
  out.text = text;
  out.yes_margin = margin;
  return out;
}

TEST(ModelReward, CaptionsThatBeginAlikeShareTheirQuestions) {
  const std::vector<CaptionToJudge> captions = {two_sentences(0, "It runs."),
                                                two_sentences(1, "It sits.")};
  const JudgedImage image = judged_image(captions, asked(RewardReading::kProbability));
  EXPECT_THAT(image.questions,
              ElementsAre("S?\nA dog.", "S?\nA dog. It runs.", "S?\nA dog. It sits."));
  EXPECT_THAT(image.of_caption, ElementsAre(ElementsAre(0, 1), ElementsAre(0, 2)));
  ModelRewardOptions holistic = asked(RewardReading::kProbability);
  holistic.holistic = true;
  EXPECT_THAT(judged_image(captions, holistic).questions,
              ElementsAre("C?\nA dog. It runs.", "C?\nA dog. It sits."));
}

// The questions are those that the model was taught with.
TEST(ModelReward, AsksAsItWasTaught) {
  const CaptionToJudge caption = two_sentences(0, "It runs.");
  CaptionAnnotation annotation;
  annotation.image = caption.image;
  annotation.caption = caption.caption;
  for (const auto& span : caption.sentences) {
    annotation.sentences.push_back({span, SentenceLabel::kCorrect, {}, {}});
  }
  RewardDataOptions data;
  data.held_out = 0;
  std::vector<std::string> taught;
  for (const auto& one : reward_data({annotation}, data).training) taught.push_back(one.question);
  EXPECT_EQ(judged_image(std::vector{caption}, {}).questions, taught);
}

TEST(ModelReward, CreativityAndDetailAreAskedWhereTheyWereTaught) {
  CaptionAnnotation annotation;
  annotation.image = "a.jpg";
  annotation.caption = "A dog. It runs.";
  annotation.sentences = {{{0, 6}, SentenceLabel::kCorrect, {}, false},
                          {{7, 15}, SentenceLabel::kUnjudged, {}, {}}};
  annotation.detail = 4;
  RewardDataOptions data;
  data.held_out = 0;
  const auto taught = [&] {
    const Json rows = reward_conversations(reward_data({annotation}, data).training);
    return taught_kinds(dump_json(rows), "questions.json", {});
  };
  EXPECT_THAT(taught(), ElementsAre("creative", "detail", "sentence"));
  data.holistic = true;
  data.detail = false;
  annotation.sentences[1].label = SentenceLabel::kCorrect;
  EXPECT_THAT(taught(), ElementsAre("caption"));
  EXPECT_THAT(taught_kinds("[{\"conversations\": [{\"value\": \"Other?\\nA dog.\"}]}]", "f", {}),
              ElementsAre());
  EXPECT_THROW(taught_kinds("[{\"conversations\": [{\"value\": 3}]}]", "f", {}), Error);

  ModelRewardOptions options = asked(RewardReading::kProbability);
  options.creative = options.detail = true;
  const std::vector<CaptionToJudge> captions = {two_sentences(0, "It runs."),
                                                {"a.jpg", 1, " ", {}}};
  const JudgedImage image = judged_image(captions, options);
  EXPECT_THAT(image.questions, ElementsAre("S?\nA dog.", "T?\nA dog.", "S?\nA dog. It runs.",
                                           "T?\nA dog. It runs.", "D?\nA dog. It runs."));
  EXPECT_THAT(image.creative[0], ElementsAre(1, 3));
  EXPECT_EQ(image.detail[0], 4u);
  EXPECT_FALSE(image.detail[1]) << "there is nothing to ask about";
  options.holistic = true;
  EXPECT_EQ(judged_image(captions, options).questions.size(), 4u);
}

TEST(ModelReward, CreativityAndDetailChangeNoScore) {
  const CaptionToJudge caption = two_sentences(0, "It runs.");
  const Answer yes = answered("Yes.", std::log(3.0)), no = answered("No.", -std::log(4.0)),
               level = answered("4.", 0.0), words = answered("very", 0.0),
               mute = answered("Yes.", std::nullopt);
  const std::vector<const Answer*> answers = {&yes, &no};
  const auto row_of = [&](const SideAnswers& side) {
    return model_reward_row(caption, answers, asked(RewardReading::kProbability), side);
  };
  const Json plain = row_of({}), row = row_of({{&no, &yes}, &level});
  EXPECT_FALSE(plain.contains("detail"));
  EXPECT_EQ(row["negative"], plain["negative"]);
  EXPECT_NEAR(row["creative"].get<double>(), 0.2 + 0.75, 1e-12);
  EXPECT_NEAR(row["sentences"][0]["creative"].get<double>(), 0.2, 1e-12);
  EXPECT_EQ(row["detail"], 4);
  const RewardRow read = parse_rewards(dump_json(row), "r")[0];
  EXPECT_EQ(read.detail, 4);
  EXPECT_NEAR(*read.creative, 0.95, 1e-12);

  const Json unread = row_of({{&mute, &yes}, &words});
  EXPECT_EQ(unread["status"], "scored");
  EXPECT_TRUE(unread["detail"].is_null());
  EXPECT_THAT(unread["detail_error"].get<std::string>(), HasSubstr("'very'"));
  EXPECT_TRUE(unread["creative"].is_null()) << "one of two is no sum";
  EXPECT_FALSE(parse_rewards(dump_json(unread), "r")[0].detail);

  Answer broken;
  broken.error = "timed out";
  EXPECT_EQ(row_of({{}, &broken})["status"], "failed") << "asked again by the next start";
}

TEST(ModelReward, LevelsOfDetail) {
  EXPECT_EQ(level_of_detail("3"), 3);
  EXPECT_EQ(level_of_detail(" 5."), 5);
  EXPECT_EQ(level_of_detail("4 of 5"), 4);
  for (const char* other : {"", " ", "0", "6", "12", "1.5", "4,5", "-3", "level 3"}) {
    EXPECT_FALSE(level_of_detail(other)) << other;
  }
  for (const char* wrong : {R"("detail":6)", R"("detail":0)", R"("creative":-1)"}) {
    EXPECT_THROW(parse_rewards(R"({"image":"a","sample":0,"status":"scored","caption":"A.",)"
                               R"("positive":0,"negative":0,)" +
                                   std::string(wrong) + "}",
                               "r"),
                 Error)
        << wrong;
  }
}

TEST(ModelReward, ProbabilitiesHardLabelsAndText) {
  const CaptionToJudge caption = two_sentences(3, "It runs.");
  const Answer yes = answered("Yes.", std::log(3.0)), no = answered("No: object.", -std::log(4.0));
  const std::vector<const Answer*> answers = {&yes, &no};
  Json row = model_reward_row(caption, answers, asked(RewardReading::kProbability));
  EXPECT_NEAR(row["positive"].get<double>(), 0.75 + 0.2, 1e-12);
  EXPECT_NEAR(row["negative"].get<double>(), -0.25 - 0.8, 1e-12);
  EXPECT_EQ(row["sentences"][1]["errors"], Json::array({"object"}));
  for (const RewardReading reading : {RewardReading::kHard, RewardReading::kText}) {
    row = model_reward_row(caption, answers, asked(reading));
    EXPECT_EQ(row["positive"], 1.0);
    EXPECT_EQ(row["negative"], -1.0);
  }
  // What is written is what the next stage reads.
  const auto read = parse_rewards(dump_json(row), "rewards");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].sample, 3);
  EXPECT_EQ(read[0].negative, -1);
  EXPECT_EQ(read[0].sentences, caption.sentences);
}

TEST(ModelReward, WhatCannotBeReadHasAStatusAndNoNumber) {
  const CaptionToJudge caption = two_sentences(0, "It runs.");
  const Answer good = answered("Yes.", 1.0), mute = answered("Yes.", std::nullopt),
               other = answered("Perhaps", 1.0);
  Answer broken = answered("", 1.0);
  broken.error = "image: cannot be decoded";
  const auto row_of = [&](const Answer& second, RewardReading reading) {
    const std::vector<const Answer*> answers = {&good, &second};
    const Json row = model_reward_row(caption, answers, asked(reading));
    EXPECT_FALSE(row.contains("positive"));
    // The next stages know the row as one without a score.
    EXPECT_FALSE(parse_rewards(dump_json(row), "rewards")[0].scored);
    return row["status"].get<std::string>() + ": " + row["error"].get<std::string>();
  };
  EXPECT_THAT(row_of(mute, RewardReading::kProbability),
              HasSubstr("failed: sentence 2: the model gives no"));
  EXPECT_THAT(row_of(other, RewardReading::kText),
              HasSubstr("unparsed: sentence 2: the answer is neither yes nor no: 'Perhaps'"));
  EXPECT_THAT(row_of(broken, RewardReading::kHard), HasSubstr("failed: sentence 2: image: cannot"));
}

TEST(ModelReward, ACaptionWithoutASentenceIsUnjudged) {
  for (const bool holistic : {false, true}) {
    ModelRewardOptions options = asked(RewardReading::kProbability);
    options.holistic = holistic;
    const Json row = model_reward_row({"a.jpg", 0, " ", {}}, {}, options);
    EXPECT_EQ(row["status"], "unjudged");
    EXPECT_FALSE(row.contains("negative"));
  }
}

TEST(ModelReward, HolisticGivesOneAnswerForAllSentences) {
  ModelRewardOptions options = asked(RewardReading::kHard);
  options.holistic = true;
  const Answer no = answered("No.", -2.0);
  const std::vector<const Answer*> answers = {&no};
  const Json row = model_reward_row(two_sentences(0, "It runs."), answers, options);
  EXPECT_EQ(row["negative"], -1.0);
  EXPECT_EQ(row["whole"]["margin"], -2.0);
  EXPECT_EQ(parse_rewards(dump_json(row), "r")[0].sentences.size(), 2u);
}

TEST(ModelReward, Verdicts) {
  EXPECT_TRUE(read_verdict("Yes.")->good);
  EXPECT_TRUE(read_verdict("yes, object")->errors.empty());
  EXPECT_THAT(read_verdict("No: count, colour.")->errors,
              ElementsAre(SentenceError::kColour, SentenceError::kCount));
  EXPECT_FALSE(read_verdict("Not so").has_value());
  EXPECT_FALSE(read_verdict("").has_value());
  EXPECT_THROW(reward_reading_of("soft", "c.json"), Error);
  EXPECT_EQ(reward_reading_of("text", ""), RewardReading::kText);
}

}  // namespace
}  // namespace vigor
