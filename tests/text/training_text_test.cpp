#include "text/training_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/testing/shared_data.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int>;

Tokenizer tiny_legacy(bool legacy = true) {
  TokenizerConfig config;
  config.legacy = legacy;
  const auto path = testing::source_dir() / "tests/text/data/tokenizer.model";
  return Tokenizer(read_file(path), config, "tiny");
}

TEST(TrainingText, LossIsOnAnswersAndTheirEndOfEveryTurn) {
  for (const bool legacy : {true, false}) {
    const Tokenizer tokenizer = tiny_legacy(legacy);
    const Conversation conversation("vicuna_v1");
    const std::vector<Turn> turns = {{"<image>\nIs there a dog?", "Yes."}, {"Where?", "Left."}};
    const TrainingText text =
        training_text(tokenizer, conversation, turns, ImageTokenStyle::kSplit);
    ASSERT_EQ(text.ids.size(), text.labels.size());
    // The whole is what one encode of the whole gives.
    EXPECT_EQ(text.ids, split_prompt(tokenizer, conversation.prompt(turns))) << legacy;
    Ids learned;
    for (size_t i = 0; i < text.ids.size(); ++i) {
      if (text.labels[i] == kIgnoredLabel) continue;
      EXPECT_EQ(text.labels[i], text.ids[i]);
      learned.push_back(text.ids[i]);
    }
    Ids expected = tokenizer.encode("Yes.</s>", false);
    const Ids second = tokenizer.encode("Left.</s>", false);
    expected.insert(expected.end(), second.begin(), second.end());
    EXPECT_EQ(learned, expected) << legacy;
    EXPECT_EQ(learned.back(), tokenizer.eos_id());
  }
}

TEST(TrainingText, EveryTemplateStartsWithItsPromptAndLearnsItsEnd) {
  const Tokenizer tokenizer = tiny_legacy();
  for (const std::string& name : Conversation::names()) {
    const Conversation conversation(name);
    const TrainingText text = training_text(tokenizer, conversation,
                                            std::vector<Turn>{{"<image>\nIs there a dog?", "Yes."}},
                                            ImageTokenStyle::kSplit);
    const Ids prompt = split_prompt(tokenizer, conversation.prompt("<image>\nIs there a dog?"));
    ASSERT_GT(text.ids.size(), prompt.size()) << name;
    EXPECT_TRUE(std::equal(prompt.begin(), prompt.end(), text.ids.begin())) << name;
    EXPECT_EQ(text.labels[prompt.size() - 1], kIgnoredLabel) << name;
    EXPECT_EQ(text.labels[prompt.size()], text.ids[prompt.size()]) << name;
    EXPECT_EQ(text.labels.back(), text.ids.back()) << name;
  }
}

TEST(TrainingText, ATurnWithoutAnswerIsRefused) {
  EXPECT_THROW(training_text(tiny_legacy(), Conversation("vicuna_v1"),
                             std::vector<Turn>{{"a", std::nullopt}}, ImageTokenStyle::kSplit),
               Error);
}

std::vector<Turn> parse(const std::string& json, const ConversationOptions& options = {}) {
  return parse_conversation(parse_json(json, "data.json"), "data.json, sample 3", options);
}

std::string template_refusal(const std::string& json) {
  try {
    parse(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ConversationJson, TheImageMovesToTheFront) {
  const std::string json = R"([{"from": "human", "value": "What is it?\n<image> "},
                               {"from": "gpt", "value": "A dog."},
                               {"from": "human", "value": " Sure? "},
                               {"from": "gpt", "value": "Yes."}])";
  const auto turns = parse(json);
  ASSERT_EQ(turns.size(), 2u);
  EXPECT_EQ(turns[0].question, "<image>\nWhat is it?");
  EXPECT_EQ(turns[0].answer, "A dog.");
  EXPECT_EQ(turns[1].question, " Sure? ");
  EXPECT_EQ(parse(json, {.mm_use_im_start_end = true})[0].question,
            "<im_start><image><im_end>\nWhat is it?");
  EXPECT_EQ(parse(json, {.image_tags = true})[0].question, "<Image><image></Image>\nWhat is it?");
  EXPECT_EQ(
      parse(R"([{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "A dog."}])")[0]
          .question,
      "<image>");
}

TEST(ConversationJson, ErrorsNameTheMessage) {
  EXPECT_THAT(template_refusal("[]"), HasSubstr("data.json, sample 3"));
  EXPECT_THAT(template_refusal("{}"), HasSubstr("data.json, sample 3"));
  EXPECT_THAT(template_refusal(R"([{"from": "gpt", "value": "x"}])"),
              AllOf(HasSubstr("message 1"), HasSubstr("human")));
  EXPECT_THAT(template_refusal(R"([{"from": "human", "value": 3}])"),
              AllOf(HasSubstr("message 1"), HasSubstr("value")));
  EXPECT_THAT(template_refusal(R"([{"from": "human", "value": "x"}])"), HasSubstr("no answer"));
  EXPECT_THAT(template_refusal(R"([{"from": "human", "value": "x"}, {"from": "gpt"}])"),
              AllOf(HasSubstr("message 2"), HasSubstr("value")));
  EXPECT_THAT(
      template_refusal(R"([{"from": "human", "value": "x"}, {"from": "gpt", "value": "<image>"}])"),
      HasSubstr("'<image>' in an answer"));
}

}  // namespace
}  // namespace vigor
