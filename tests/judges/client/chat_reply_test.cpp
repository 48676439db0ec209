#include "judges/client/chat_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigor {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kGood[] = R"({"id": "x", "model": "gpt-4o-2024-08-06",
  "choices": [{"index": 0, "finish_reason": "stop",
               "message": {"role": "assistant", "content": "Yes.", "refusal": null}}],
  "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}})";

Json good_body() {
  return Json::parse(kGood);
}

ReplyReading read(const Json& body) {
  return read_chat_reply(body.dump());
}

TEST(ChatReply, OfAnEndpointThatKeepsToTheFormat) {
  const ReplyReading reading = read_chat_reply(kGood);
  EXPECT_EQ(reading.reply.error, "");
  EXPECT_EQ(reading.reply.text, "Yes.");
  EXPECT_EQ(reading.reply.finish, "stop");
  EXPECT_EQ(reading.reply.model, "gpt-4o-2024-08-06");
  EXPECT_EQ(reading.reply.usage.prompt_tokens, 12);
  EXPECT_EQ(reading.reply.usage.completion_tokens, 3);
  EXPECT_TRUE(reading.reply.first_token.empty());
}

TEST(ChatReply, AnEmptyTextIsAReply) {
  Json body = good_body();
  body["choices"][0]["message"]["content"] = "";
  const ReplyReading reading = read(body);
  EXPECT_EQ(reading.reply.error, "");
  EXPECT_EQ(reading.reply.text, "");
}

TEST(ChatReply, ContentMayComeInParts) {
  Json body = good_body();
  body["choices"][0]["message"]["content"] = {{{"type", "text"}, {"text", "Ye"}},
                                              {{"type", "text"}, {"text", "s."}}};
  EXPECT_EQ(read(body).reply.text, "Yes.");
}

TEST(ChatReply, LogprobsOfTheFirstTokenLikeliestFirst) {
  Json body = good_body();
  body["choices"][0]["logprobs"] = Json::parse(R"({"content": [
    {"token": "Yes", "logprob": -0.1,
     "top_logprobs": [{"token": "No", "logprob": -2.5}, {"token": "Yes", "logprob": -0.1},
                      {"token": "bad", "logprob": null}, 7]},
    {"token": ".", "logprob": -0.2, "top_logprobs": []}]})");
  const ReplyReading reading = read(body);
  ASSERT_EQ(reading.reply.first_token.size(), 2u);
  EXPECT_EQ(reading.reply.first_token[0].token, "Yes");
  EXPECT_EQ(reading.reply.first_token[0].logprob, -0.1);
  EXPECT_EQ(reading.reply.first_token[1].token, "No");
}

TEST(ChatReply, AbsentUsageIsZero) {
  Json body = good_body();
  body.erase("usage");
  EXPECT_EQ(read(body).reply.usage.prompt_tokens, 0);
  body["usage"] = {{"prompt_tokens", -5}, {"completion_tokens", 1e300}};
  EXPECT_EQ(read(body).reply.usage.prompt_tokens, 0);
  EXPECT_EQ(read(body).reply.usage.completion_tokens, 0);
  body["usage"] = {{"prompt_tokens", 18446744073709551615u}};
  EXPECT_LE(read(body).reply.usage.prompt_tokens, 1'000'000'000);
}

TEST(ChatReply, ARefusalIsNoReply) {
  Json body = good_body();
  body["choices"][0]["message"] = {{"content", nullptr}, {"refusal", "I cannot\nhelp."}};
  const ReplyReading reading = read(body);
  EXPECT_EQ(reading.reply.error, "refused: I cannot\\x0ahelp.");
  EXPECT_EQ(reading.kind, "refused");
  EXPECT_TRUE(reading.reply.refused);
  EXPECT_FALSE(reading.retry);
  EXPECT_EQ(reading.reply.usage.prompt_tokens, 12) << "paid for all the same";
}

TEST(ChatReply, AContentFilterLeavesNoReply) {
  Json body = good_body();
  body["choices"][0]["finish_reason"] = "content_filter";
  const ReplyReading reading = read(body);
  EXPECT_THAT(reading.reply.error, StartsWith("refused"));
  EXPECT_EQ(reading.kind, "content filter");
  EXPECT_TRUE(reading.reply.refused);
  EXPECT_EQ(reading.reply.text, "");
}

TEST(ChatReply, ABodyThatWasCutIsTriedAgain) {
  const std::string whole = good_body().dump();
  for (size_t size = 0; size < whole.size(); ++size) {
    const ReplyReading reading = read_chat_reply(whole.substr(0, size));
    ASSERT_NE(reading.reply.error, "") << size;
    ASSERT_TRUE(reading.retry) << size;
    ASSERT_EQ(reading.kind, "malformed");
  }
}

TEST(ChatReply, InvalidUtf8IsTriedAgain) {
  std::string body = kGood;
  body.replace(body.find("Yes."), 4, "Y\xff\xc0.");
  const ReplyReading reading = read_chat_reply(body);
  EXPECT_EQ(reading.kind, "malformed");
  EXPECT_TRUE(reading.retry);
}

TEST(ChatReply, WhatIsNoChatCompletionIsNotTriedAgain) {
  for (const char* body :
       {"{}", R"({"choices": []})", R"({"choices": [7]})",
        R"({"choices": [{"text": "completion"}]})", R"({"choices": {"0": 1}})"}) {
    const ReplyReading reading = read_chat_reply(body);
    EXPECT_THAT(reading.reply.error, HasSubstr("not a chat completion")) << body;
    EXPECT_FALSE(reading.retry) << body;
  }
}

TEST(ChatReply, NoTextIsNoReply) {
  Json body = good_body();
  body["choices"][0]["message"]["content"] = nullptr;
  body["choices"][0]["finish_reason"] = "tool_calls";
  EXPECT_EQ(read(body).kind, "no text");
  EXPECT_THAT(read(body).reply.error, HasSubstr("tool_calls"));
}

struct ErrorCase {
  const char* body;
  bool retry;
  const char* kind;
};

TEST(ChatReply, AnErrorUnderStatus200IsAnError) {
  for (const ErrorCase& c : {
           ErrorCase{R"({"error": {"message": "overloaded", "type": "server_error"}})", true,
                     "error reply"},
           ErrorCase{R"({"error": {"message": "slow down", "code": 429}})", true, "error reply"},
           ErrorCase{R"({"error": {"message": "bad gateway", "code": 502}})", true, "error reply"},
           ErrorCase{R"({"error": {"message": "no such model", "code": 404}})", false,
                     "error reply"},
           ErrorCase{R"({"error": {"message": "x", "type": "invalid_request_error"}})", false,
                     "error reply"},
           ErrorCase{R"({"error": {"message": "x", "code": "insufficient_quota"}})", false,
                     "quota"},
           ErrorCase{R"({"error": {"message": "x", "code": "content_policy_violation"}})", false,
                     "content filter"},
           ErrorCase{R"({"error": "something"})", true, "error reply"},
           ErrorCase{R"({"choices": [{"error": {"message": "x", "code": 502}}]})", true,
                     "error reply"},
       }) {
    const ReplyReading reading = read_chat_reply(c.body);
    EXPECT_NE(reading.reply.error, "") << c.body;
    EXPECT_EQ(reading.retry, c.retry) << c.body;
    EXPECT_EQ(reading.kind, c.kind) << c.body;
  }
}

TEST(ErrorBody, SaysWhatTheServerSaid) {
  EXPECT_EQ(read_error_body(R"({"error": {"message": "no\nsuch model"}})").message,
            "no\\x0asuch model");
  EXPECT_EQ(read_error_body(R"({"detail": "Not Found"})").message, "Not Found");
  EXPECT_EQ(read_error_body(R"({"message": "Unauthorized"})").message, "Unauthorized");
  EXPECT_EQ(read_error_body("<html>502</html>").message, "<html>502</html>");
  EXPECT_EQ(read_error_body("").message, "");
  EXPECT_LE(read_error_body(std::string(5000, 'x')).message.size(), 300u);
}

TEST(ErrorBody, KnowsAnEmptyAccount) {
  EXPECT_TRUE(read_error_body(R"({"error": {"type": "insufficient_quota"}})").quota);
  EXPECT_FALSE(read_error_body(R"({"error": {"type": "rate_limit_exceeded"}})").quota);
}

// As Azure and OpenAI word it.
TEST(ErrorBody, KnowsAContentFilter) {
  EXPECT_TRUE(read_error_body(R"({"error": {"message": "filtered", "type": null, "param": "prompt",
      "code": "content_filter", "status": 400}})")
                  .refused);
  EXPECT_TRUE(read_error_body(R"({"error": {"code": "content_policy_violation"}})").refused);
  EXPECT_FALSE(read_error_body(R"({"error": {"message": "content_filter is no model"}})").refused);
}

TEST(KeptText, IsAlwaysUtf8) {
  EXPECT_EQ(kept_text("a\xff"
                      "b",
                      10),
            "a\xEF\xBF\xBD"
            "b");
  const std::string cut = kept_text("ab\xC3\xA4", 3);  // in the middle of a letter
  EXPECT_EQ(cut, "ab\xEF\xBF\xBD");
}

}  // namespace
}  // namespace vigor
