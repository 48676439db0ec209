#include "serve/chat_question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"

namespace vigor::serve {
namespace {

using ::testing::HasSubstr;

const std::string kPicture = "data:image/png;base64," + base64("PNG");

Json user(const Json& content) {
  return {{"role", "user"}, {"content", content}};
}
Json user_parts(const std::vector<Json>& parts) {
  return user(Json(parts));
}
Json text(const std::string& words) {
  return {{"type", "text"}, {"text", words}};
}
Json picture(const std::string& url = kPicture) {
  return {{"type", "image_url"}, {"image_url", {{"url", url}}}};
}
Json request(const std::vector<Json>& messages, const Json& more = Json::object()) {
  Json body = {{"model", "m"}, {"messages", Json(messages)}};
  body.update(more);
  return body;
}
ChatQuestion parse(const Json& body) {
  return parse_chat_question(body.dump());
}
ApiError error_of(const std::string& body) {
  try {
    parse_chat_question(body);
  } catch (const ApiError& error) {
    return error;
  }
  return ApiError(0, "", "no error");
}

TEST(ChatQuestion, TextAndDefaults) {
  const ChatQuestion question = parse(request({user("Is it red?")}));
  EXPECT_EQ(question.model, "m");
  EXPECT_EQ(question.question, "Is it red?");
  EXPECT_EQ(question.image, nullptr);
  EXPECT_FALSE(question.system_prompt.has_value());
  EXPECT_EQ(question.generation.max_new_tokens, 512);
  EXPECT_EQ(question.generation.temperature, 1.0);
  EXPECT_EQ(question.generation.top_logprobs, 0);
  EXPECT_FALSE(question.seeded);
  EXPECT_FALSE(question.stream);
}

TEST(ChatQuestion, PartsAreJoinedAndThePictureIsTakenOut) {
  const ChatQuestion question =
      parse(request({user_parts({text("Look."), picture(), text("Is it red?")})}));
  EXPECT_EQ(question.question, "Look.\nIs it red?");
  ASSERT_NE(question.image, nullptr);
  EXPECT_EQ(*question.image, "PNG");
  EXPECT_EQ(question.image_hash.size(), 64u);
}

TEST(ChatQuestion, ADialogueWithASystemPrompt) {
  const ChatQuestion question = parse(request({{{"role", "system"}, {"content", "Be brief."}},
                                               user("One?"),
                                               {{"role", "assistant"}, {"content", "Yes."}},
                                               user("Two?"),
                                               user_parts({picture(), text("And this?")})}));
  EXPECT_EQ(question.system_prompt, "Be brief.");
  ASSERT_EQ(question.earlier.size(), 1u);
  EXPECT_EQ(question.earlier[0].question, "One?");
  EXPECT_EQ(question.earlier[0].answer, "Yes.");
  EXPECT_EQ(question.question, "Two?\n<image>\nAnd this?");
}

TEST(ChatQuestion, HowItIsGenerated) {
  const ChatQuestion question =
      parse(request({user("x")}, {{"max_tokens", 5},
                                  {"temperature", 0.5},
                                  {"top_p", 0.9},
                                  {"seed", -3},
                                  {"stop", "\n"},
                                  {"n", 3},
                                  {"logprobs", true},
                                  {"top_logprobs", 4},
                                  {"stream", true},
                                  {"stream_options", {{"include_usage", true}}}}));
  EXPECT_EQ(question.generation.max_new_tokens, 5);
  EXPECT_EQ(question.generation.temperature, 0.5);
  EXPECT_EQ(question.generation.top_p, 0.9);
  EXPECT_EQ(question.generation.samples, 3);
  EXPECT_EQ(question.generation.stop, std::vector<std::string>{"\n"});
  EXPECT_EQ(question.generation.top_logprobs, 4);
  EXPECT_TRUE(question.seeded && question.stream && question.include_usage);
}

TEST(ChatQuestion, GreedyChoicesAreComputedOnce) {
  const ChatQuestion question = parse(request({user("x")}, {{"n", 4}, {"temperature", 0}}));
  EXPECT_EQ(question.choices, 4);
  EXPECT_EQ(question.generation.samples, 1);
}

TEST(ChatQuestion, WhatChangesNothingPassesAndTheRestIsRefused) {
  EXPECT_NO_THROW(parse(request({user("x")}, {{"presence_penalty", 0.0},
                                              {"logit_bias", Json::object()},
                                              {"tools", nullptr},
                                              {"response_format", {{"type", "text"}}},
                                              {"user", "me"}})));
  const std::vector<std::pair<std::string, Json>> refused = {
      {"presence_penalty", 0.5},
      {"tools", Json::array({"x"})},
      {"response_format", Json{{"type", "json_object"}}},
      {"temprature", 0.5},
      {"temperature", 3},
      {"temperature", "hot"},
      {"top_p", 0},
      {"max_tokens", 0},
      {"max_tokens", 99999999999},
      {"n", 17},
      {"stop", Json::array({1})},
      {"top_logprobs", 3},
      {"seed", 1.5}};
  for (const auto& [name, value] : refused) {
    EXPECT_EQ(error_of(request({user("x")}, {{name, value}}).dump()).status, 400) << name;
  }
  EXPECT_THAT(error_of(request({user("x")}, {{"temprature", 1}}).dump()).what(),
              HasSubstr("temperature"));
}

TEST(ChatQuestion, OnlyDataUrlsAreTaken) {
  for (const char* url :
       {"http://127.0.0.1/x.png", "https://example.com/x.png", "file:///etc/passwd", "/etc/passwd",
        "data:text/html;base64,AAAA", "data:image/png,AAAA", "data:image/png;base64,",
        "data:", "data:image/png;base64,A", "data:image/svg+xml;base64,AAAA", ""}) {
    const ApiError error = error_of(request({user_parts({picture(url)})}).dump());
    EXPECT_EQ(error.status, 400) << url;
    EXPECT_EQ(error.param, "messages.content.image_url.url") << url;
  }
}

TEST(ChatQuestion, BrokenRequestsSayWhatIsWrong) {
  for (const std::string& body : std::vector<std::string>{
           "", "{", "[]", "null", R"({"model":"m"})", R"({"messages":[]})", std::string(600, '['),
           request({}).dump(), request({user("")}).dump(), request({user(5)}).dump(),
           request({user_parts({text("a <image> b")})}).dump(),
           request({user_parts({picture(), picture()})}).dump(),
           request({Json{{"role", "tool"}, {"content", "x"}}}).dump(),
           request({{{"role", "assistant"}, {"content", "x"}}, user("x")}).dump(),
           request({user("x"), {{"role", "assistant"}, {"content", "x"}}}).dump(),
           request({user("x"), {{"role", "system"}, {"content", "x"}}, user("x")}).dump(),
           request({Json{{"role", "user"}}}).dump(),
           request({user_parts({Json{{"type", "input_audio"}}})}).dump()}) {
    const ApiError error = error_of(body);
    EXPECT_EQ(error.status, 400) << body;
    EXPECT_EQ(error.body()["error"]["type"], "invalid_request_error");
    EXPECT_STRNE(error.what(), "");
  }
}

}  // namespace
}  // namespace vigor::serve
