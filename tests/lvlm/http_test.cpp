// The model behind an endpoint, with a chat client of the test's own. Over real HTTP: tests/serve.
#include "lvlm/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "tests/testing/scripted_chat.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::reply_of;
using testing::ScriptedChat;

const std::string kPng = "\x89PNG\r\n\x1A\n...";

class HttpLvlmTest : public ::testing::Test {
 protected:
  void open(ScriptedChat::Script script, HttpLvlmOptions options = {}) {
    auto chat = std::make_unique<ScriptedChat>(std::move(script), "llava");
    chat_ = chat.get();
    model_ = std::make_unique<HttpLvlm>(std::move(chat), std::move(options));
  }
  void ask(const std::vector<ImageRequest>& requests, const GenerationOptions& options = {}) {
    model_->answer(
        requests, options,
        [&](size_t r, std::vector<Answer>&& answers) {
          EXPECT_FALSE(answers_.contains(r));
          answers_[r] = std::move(answers);
        },
        stop_.get_token());
  }
  ImageRequest image(const std::string& key, std::vector<std::string> questions) {
    return {.key = key, .image = folder_.write(key, kPng), .questions = std::move(questions)};
  }
  // "KEY question" of each request, in the order in which they were sent.
  std::vector<std::string> sent() const {
    std::vector<std::string> all;
    for (const ChatRequest& request : chat_->requests) {
      all.push_back(request.messages.back().parts.back().text);
    }
    return all;
  }

  testing::TemporaryFolder folder_;
  ScriptedChat* chat_ = nullptr;
  std::unique_ptr<HttpLvlm> model_;
  std::map<size_t, std::vector<Answer>> answers_;
  std::stop_source stop_;
};

ChatReply echo(size_t, const ChatRequest& request) {
  return reply_of(" " + request.messages.back().parts.back().text + "\n");
}

TEST_F(HttpLvlmTest, TheFirstQuestionOfAnImageGoesBeforeTheOthers) {
  open(echo, {.window = 4});
  ask({image("a", {"a1", "a2", "a3"}), image("b", {"b1"}), image("c", {"c1", "c2"})});
  EXPECT_EQ(sent(), (std::vector<std::string>{"a1", "b1", "a2", "a3", "c1", "c2"}));
  ASSERT_EQ(answers_.size(), 3u);
  EXPECT_EQ(answers_[0][2].text, "a3");
  EXPECT_EQ(answers_[2][1].text, "c2");
}

TEST_F(HttpLvlmTest, WhatIsSent) {
  open(echo, {.system_prompt = "Be brief."});
  GenerationOptions options;
  options.max_new_tokens = 9;
  options.stop = {"#"};
  ImageRequest request = image("a", {"q"});
  request.earlier = {{"x", "y"}};
  ask({request}, options);
  const ChatRequest& got = chat_->requests.at(0);
  ASSERT_EQ(got.messages.size(), 4u);
  EXPECT_EQ(got.messages[0].role, "system");
  ASSERT_EQ(got.messages[1].parts.size(), 2u);
  EXPECT_EQ(got.messages[1].parts[0].image->mime, "image/png");
  EXPECT_EQ(got.messages[1].parts[0].image->bytes, kPng);
  EXPECT_EQ(got.messages[1].parts[1].text, "x");
  EXPECT_EQ(got.messages[2].role, "assistant");
  EXPECT_EQ(got.messages[3].parts.size(), 1u);
  EXPECT_EQ(got.max_tokens, 9);
  EXPECT_EQ(got.temperature, 0);
  EXPECT_FALSE(got.seed.has_value());
  EXPECT_EQ(got.stop, std::vector<std::string>{"#"});
}

TEST_F(HttpLvlmTest, SamplesHaveSeedsOfTheirOwn) {
  open(echo);
  GenerationOptions options;
  options.samples = 3;
  options.temperature = 0.7;
  ask({image("a", {"q"})}, options);
  ASSERT_EQ(answers_[0].size(), 3u);
  const auto& requests = chat_->requests;
  EXPECT_NE(requests[0].seed, requests[1].seed);
  EXPECT_EQ(requests[2].repeat, 2);
  EXPECT_TRUE(requests[1].seed.has_value());
}

TEST_F(HttpLvlmTest, FailuresAreTheAnswersOwn) {
  open([](size_t, const ChatRequest& request) {
    ChatReply reply = reply_of("fine");
    if (request.messages.back().parts.back().text == "bad") {
      reply.text.clear();
      reply.error = "HTTP 500 after 6 tries";
    }
    return reply;
  });
  ask({image("a", {"good", "bad"}),
       {.key = "none", .image = folder_ / "none.png", .questions = {"q"}},
       {.key = "text", .image = folder_.write("text.png", "hello"), .questions = {"q", "r"}}});
  EXPECT_EQ(answers_[0][0].text, "fine");
  EXPECT_EQ(answers_[0][1].error, "HTTP 500 after 6 tries");
  EXPECT_THAT(answers_[1][0].error, HasSubstr("no such file"));
  EXPECT_THAT(answers_[2][1].error, HasSubstr("no JPEG, PNG or WebP"));
  EXPECT_EQ(chat_->requests.size(), 2u);
}

TEST_F(HttpLvlmTest, AStopLeavesTheRestUnanswered) {
  open([this](size_t, const ChatRequest&) {
    stop_.request_stop();
    return reply_of("x");
  });
  ask({image("a", {"q"}), image("b", {"q"})});
  EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(HttpLvlmTest, TheMarginIsThatOfYesOverNo) {
  EXPECT_NEAR(*yes_margin_of({{"Yes", -0.5}, {" No", -1.5}}), 1.0, 1e-12);
  EXPECT_NEAR(*yes_margin_of({{"\u2581yes", std::log(0.2)},
                              {"Yes", std::log(0.2)},
                              {"No", std::log(0.1)},
                              {"Maybe", -1}}),
              std::log(4.0), 1e-12);
  EXPECT_EQ(yes_margin_of({{"Yes", -0.5}}), std::nullopt);
  EXPECT_EQ(yes_margin_of({}), std::nullopt);
}

TEST_F(HttpLvlmTest, IdentityNamesTheEndpoint) {
  open(echo);
  EXPECT_EQ(model_->identity()["kind"], "endpoint");
  EXPECT_EQ(model_->identity()["checkpoint"], "llava");
  EXPECT_EQ(model_->identity()["endpoint"]["url"], "scripted");
  GenerationOptions options;
  options.top_k = 5;
  EXPECT_THROW(ask({image("a", {"q"})}, options), Error);
}

}  // namespace
}  // namespace vigor
