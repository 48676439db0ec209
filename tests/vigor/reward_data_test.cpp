#include "vigor/reward_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;

CaptionAnnotation judged(const std::string& image) {
  return parse_annotation(
      parse_json(R"({"image": ")" + image + R"(", "caption": "A dog.  It runs. Maybe. So calm.",
        "sentences": [{"start": 0, "end": 6, "label": "correct"},
                      {"start": 8, "end": 16, "label": "wrong", "errors": ["object", "count"]},
                      {"start": 17, "end": 23, "label": "unjudged"},
                      {"start": 24, "end": 32, "label": "wrong", "creative": true}],
        "detail": 2})",
                 "test"),
      "test");
}

RewardDataOptions short_questions() {
  RewardDataOptions options;
  options.questions = {"S?", "C?", "T?", "D?"};
  options.held_out = 0;
  return options;
}

std::vector<std::string> lines(const RewardData& data) {
  std::vector<std::string> out;
  for (const RewardQuestion& one : data.training) out.push_back(one.question + " | " + one.answer);
  return out;
}

TEST(RewardData, EachSentenceIsAskedBehindTheTextBeforeIt) {
  const RewardData data = reward_data({judged("a.jpg")}, short_questions());
  EXPECT_THAT(lines(data),
              ElementsAre("S?\nA dog. | Yes.", "S?\nA dog.  It runs. | No: object, count.",
                          "S?\nA dog.  It runs. Maybe. So calm. | No.",
                          "T?\nA dog.  It runs. Maybe. So calm. | Yes.",
                          "D?\nA dog.  It runs. Maybe. So calm. | 2"));
  EXPECT_EQ(data.unjudged, 1);
  const Json row = reward_conversations(data.training)[1];
  EXPECT_EQ(row["id"], "a.jpg#0#sentence#1");
  EXPECT_EQ(row["conversations"][0]["value"], "<image>\nS?\nA dog.  It runs.");
  EXPECT_EQ(row["conversations"][1]["value"], "No: object, count.");
}

TEST(RewardData, HolisticIsWrongByOneSentenceAndCorrectOnlyWhenAllWereJudged) {
  RewardDataOptions options = short_questions();
  options.holistic = true;
  options.detail = false;
  EXPECT_THAT(lines(reward_data({judged("a.jpg")}, options)),
              ElementsAre("C?\nA dog.  It runs. Maybe. So calm. | No."));
  CaptionAnnotation good = judged("b.jpg");
  for (auto& sentence : good.sentences) sentence = {sentence.span, SentenceLabel::kCorrect, {}, {}};
  EXPECT_THAT(lines(reward_data({good}, options)),
              ElementsAre("C?\nA dog.  It runs. Maybe. So calm. | Yes."));
  good.sentences[1].label = SentenceLabel::kUnjudged;
  EXPECT_TRUE(reward_data({good}, options).training.empty());
}

TEST(RewardData, ImagesAreHeldOutWhole) {
  std::vector<CaptionAnnotation> annotations;
  for (int i = 0; i < 400; ++i) annotations.push_back(judged("i" + std::to_string(i % 200)));
  RewardDataOptions options = short_questions();
  options.held_out = 0.25;
  const RewardData data = reward_data(annotations, options);
  std::set<std::string> here, there;
  for (const auto& one : data.training) here.insert(one.image);
  for (const auto& one : data.held_out) there.insert(one.image);
  for (const auto& image : there) EXPECT_EQ(here.count(image), 0u);
  EXPECT_EQ(here.size() + there.size(), 200u);
  EXPECT_NEAR(static_cast<double>(there.size()), 50, 20);
  options.held_out = 1;
  EXPECT_THROW(reward_data(annotations, options), Error);
}

}  // namespace
}  // namespace vigor
