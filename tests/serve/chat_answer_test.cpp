#include "serve/chat_answer.h"

#include <gtest/gtest.h>

namespace vigor::serve {
namespace {

const ReplyFrame kFrame = {.id = "chatcmpl-1", .created = 5, .model = "m", .fingerprint = "f"};

Answer answer(const std::string& text) {
  Answer answer;
  answer.text = text;
  answer.tokens = 3;
  answer.prompt_tokens = 10;
  answer.finish = "stop";
  return answer;
}

TEST(ChatAnswer, ACompletion) {
  ChatQuestion question;
  question.choices = 2;
  const std::vector<Answer> answers = {answer("Yes.")};
  const Json body = completion_body(kFrame, question, answers);
  EXPECT_EQ(body["object"], "chat.completion");
  ASSERT_EQ(body["choices"].size(), 2u);
  EXPECT_EQ(body["choices"][1]["index"], 1);
  EXPECT_EQ(body["choices"][1]["message"]["content"], "Yes.");
  EXPECT_EQ(body["choices"][1]["finish_reason"], "stop");
  EXPECT_TRUE(body["choices"][0]["logprobs"].is_null());
  EXPECT_EQ(body["usage"],
            Json({{"prompt_tokens", 10}, {"completion_tokens", 3}, {"total_tokens", 13}}));
}

TEST(ChatAnswer, LogprobsOfTheFirstToken) {
  ChatQuestion question;
  question.logprobs = true;
  Answer one = answer("Yes.");
  one.first = LikelyToken{"Yes", -0.5};
  one.likely = {{"Yes", -0.5}, {"No", -1.0}};
  const Json logprobs = logprobs_body(question, one);
  ASSERT_EQ(logprobs["content"].size(), 1u);
  EXPECT_EQ(logprobs["content"][0]["token"], "Yes");
  EXPECT_EQ(logprobs["content"][0]["bytes"], Json({'Y' + 0, 'e' + 0, 's' + 0}));
  EXPECT_EQ(logprobs["content"][0]["top_logprobs"][1]["logprob"], -1.0);
}

TEST(ChatAnswer, AStreamEndsWithWhatWasHeldBack) {
  ChatQuestion question;
  const std::string rest = last_events(kFrame, question, {answer("Yes, it is.")}, {"Yes,"});
  EXPECT_NE(rest.find(R"("content":" it is.")"), std::string::npos) << rest;
  EXPECT_TRUE(rest.ends_with("data: [DONE]\n\n"));
  const std::string wrong = last_events(kFrame, question, {answer("Yes.")}, {"No"});
  EXPECT_NE(wrong.find("server_error"), std::string::npos) << wrong;
}

TEST(ChatAnswer, AnswersThatDoNotExistAreErrors) {
  Answer broken;
  broken.error = "the picture is broken";
  broken.request_at_fault = true;
  try {
    check_answers(std::vector<Answer>{broken});
    FAIL();
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status, 400);
  }
  broken.request_at_fault = false;
  try {
    check_answers(std::vector<Answer>{answer("x"), broken});
    FAIL();
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status, 500);
    EXPECT_EQ(error.body()["error"]["type"], "server_error");
  }
}

}  // namespace
}  // namespace vigor::serve
