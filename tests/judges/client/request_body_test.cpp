#include "judges/client/request_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judges/client/http_chat.h"
#include "judges/client/options_check.h"

namespace vigor {
namespace {

ChatRequest text_request(const std::string& text) {
  ChatRequest request;
  request.messages = {{"user", {{text, nullptr}}}};
  return request;
}

HttpChatOptions options() {
  HttpChatOptions out;
  out.model = "m";
  return out;
}

TEST(RequestBody, TextAloneIsAString) {
  const Json body = Json::parse(request_body(text_request("Hi"), options()).json);
  EXPECT_EQ(body, Json::parse(R"({"model": "m", "messages": [{"role": "user", "content": "Hi"}],
                                  "temperature": 0.0, "max_tokens": 1024})"));
}

TEST(RequestBody, PicturesAreDataUrls) {
  ChatRequest request;
  request.messages = {{"user", {{"What?", nullptr}, {"", chat_image("foobar", "image/png")}}}};
  const Json body = Json::parse(request_body(request, options()).json);
  EXPECT_EQ(body["messages"][0]["content"], Json::parse(R"([{"type": "text", "text": "What?"},
                            {"type": "image_url",
                             "image_url": {"url": "data:image/png;base64,Zm9vYmFy"}}])"));
}

TEST(RequestBody, OptionalSettingsAreSentWhenSet) {
  ChatRequest request = text_request("Hi");
  request.top_p = 0.9;
  request.seed = 7;
  request.stop = {"\n"};
  request.top_logprobs = 5;
  request.schema = {{"name", "ranks"}, {"schema", {{"type", "object"}}}};
  request.repeat = 3;
  const Json body = Json::parse(request_body(request, options()).json);
  EXPECT_EQ(body["top_p"], 0.9);
  EXPECT_EQ(body["seed"], 7);
  EXPECT_EQ(body["stop"], Json({"\n"}));
  EXPECT_EQ(body["logprobs"], true);
  EXPECT_EQ(body["top_logprobs"], 5);
  EXPECT_EQ(body["response_format"], Json::parse(R"({"type": "json_schema", "json_schema":
                            {"name": "ranks", "strict": true, "schema": {"type": "object"}}})"));
  EXPECT_FALSE(body.contains("repeat"));
}

TEST(RequestBody, WhatTheEndpointHasNotIsLeftOut) {
  ChatRequest request = text_request("Hi");
  request.top_logprobs = 5;
  request.schema = {{"name", "ranks"}, {"schema", {{"type", "object"}}}};
  HttpChatOptions without = options();
  without.offers_schema = false;
  without.offers_logprobs = false;
  const Json body = Json::parse(request_body(request, without).json);
  EXPECT_FALSE(body.contains("logprobs"));
  EXPECT_FALSE(body.contains("top_logprobs"));
  EXPECT_FALSE(body.contains("response_format"));
}

TEST(RequestBody, ExtraKeysWinAndNullRemoves) {
  HttpChatOptions extra = options();
  extra.max_tokens_key = "max_completion_tokens";
  extra.extra_body = {{"temperature", nullptr}, {"reasoning_effort", "low"}};
  const Json body = Json::parse(request_body(text_request("Hi"), extra).json);
  EXPECT_FALSE(body.contains("temperature"));
  EXPECT_FALSE(body.contains("max_tokens"));
  EXPECT_EQ(body["max_completion_tokens"], 1024);
  EXPECT_EQ(body["reasoning_effort"], "low");
}

TEST(RequestBody, BrokenUtf8IsSentAsReplacement) {
  const Json body = Json::parse(request_body(text_request("a\xff"), options()).json);
  EXPECT_EQ(body["messages"][0]["content"], "a\xEF\xBF\xBD");
}

TEST(RequestBody, TokensAreBoundedByBytes) {
  ChatRequest request = text_request(std::string(300, 'x'));
  request.messages[0].parts.push_back({"", chat_image("foobar", "image/png")});
  request.max_tokens = 77;
  const TokenEstimate tokens = request_body(request, options()).tokens;
  EXPECT_GE(tokens.prompt_most, 300 + 1500);
  EXPECT_LE(tokens.prompt_most, 300 + 1500 + 32);
  EXPECT_LT(tokens.prompt_expected, tokens.prompt_most);
  EXPECT_EQ(tokens.completion_most, 77);
}

TEST(RequestBody, TheLimitThatIsSentIsTheLimitThatIsReserved) {
  HttpChatOptions extra = options();
  extra.extra_body = {{"max_tokens", 9000}};
  EXPECT_EQ(request_body(text_request("Hi"), extra).tokens.completion_most, 9000);
}

TEST(CompletionsUrl, IsBelowThePath) {
  EXPECT_EQ(completions_url("https://api.openai.com/v1"),
            "https://api.openai.com/v1/chat/completions");
  EXPECT_EQ(completions_url("http://localhost:8000/v1/"),
            "http://localhost:8000/v1/chat/completions");
  EXPECT_EQ(completions_url("https://h.example/openai/deployments/d?api-version=2024-06-01"),
            "https://h.example/openai/deployments/d/chat/completions?api-version=2024-06-01");
}

TEST(CompletionsUrl, RefusesWhatIsNoEndpoint) {
  for (const char* url :
       {"", "localhost:8000/v1", "file:///etc/passwd", "ftp://h/v1", "https://h/v1#m", "http://"}) {
    EXPECT_THROW(completions_url(url), Error) << url;
  }
}

TEST(CompletionsUrl, AKeyInTheUrlIsRefusedAndNotShown) {
  try {
    completions_url("https://user:sk-PLANTED@h/v1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("PLANTED")));
  }
}

TEST(HttpChatOptionsTest, OutOfRangeIsNamed) {
  const auto complaint = [](auto change) -> std::string {
    HttpChatOptions changed = options();
    change(changed);
    try {
      make_http_chat(changed);
    } catch (const Error& error) {
      EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
      return error.what();
    }
    return "";
  };
  using ::testing::HasSubstr;
  EXPECT_EQ(complaint([](auto&) {}), "");
  EXPECT_THAT(complaint([](auto& o) { o.model = ""; }), HasSubstr("model"));
  EXPECT_THAT(complaint([](auto& o) { o.timeout_s = 0; }), HasSubstr("timeout_s"));
  EXPECT_THAT(complaint([](auto& o) { o.max_in_flight = 0; }), HasSubstr("max_in_flight"));
  EXPECT_THAT(complaint([](auto& o) { o.max_tries = 0; }), HasSubstr("max_tries"));
  EXPECT_THAT(complaint([](auto& o) { o.backoff_base_s = -1; }), HasSubstr("backoff_base_s"));
  EXPECT_THAT(complaint([](auto& o) { o.budget = 1; }), HasSubstr("prices"));
  EXPECT_THAT(complaint([](auto& o) { o.extra_body = 3; }), HasSubstr("extra_body"));
  EXPECT_THAT(complaint([](auto& o) { o.max_tokens_key = "tokens"; }), HasSubstr("max_tokens_key"));
  EXPECT_THAT(complaint([](auto& o) { o.headers = {{"a b", "c"}}; }), HasSubstr("header"));
}

TEST(HttpChatOptionsTest, AKeyWithALineBreakIsRefusedAndNotShown) {
  HttpChatOptions changed = options();
  changed.api_key = Secret("sk-PLANTED\nX-Other: 1");
  try {
    make_http_chat(changed);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("PLANTED")));
  }
}

}  // namespace
}  // namespace vigor
