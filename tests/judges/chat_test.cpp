#include "judges/chat/chat.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

ChatRequest request() {
  ChatRequest out;
  out.messages = {
      {"user", {{"What is this?", nullptr}, {"", chat_image("jpeg bytes", "image/jpeg")}}}};
  return out;
}

TEST(ChatRequest, EqualRequestsHaveOneCanonicalForm) {
  EXPECT_EQ(request().canonical(), request().canonical());
}

TEST(ChatRequest, EverythingThatChangesTheReplyChangesIt) {
  const Json same = request().canonical();
  const auto differs = [&](auto change) {
    ChatRequest other = request();
    change(other);
    return other.canonical() != same;
  };
  EXPECT_TRUE(differs([](ChatRequest& r) { r.messages[0].parts[0].text += "!"; }));
  EXPECT_TRUE(differs([](ChatRequest& r) {
    r.messages[0].parts[1].image = chat_image("jpeg byteS", "image/jpeg");
  }));
  EXPECT_TRUE(differs([](ChatRequest& r) { r.messages[0].role = "system"; }));
  EXPECT_TRUE(differs([](ChatRequest& r) { r.temperature = 0.5; }));
  EXPECT_TRUE(differs([](ChatRequest& r) { r.max_tokens = 7; }));
  EXPECT_TRUE(differs([](ChatRequest& r) { r.seed = 1; }));
  EXPECT_TRUE(differs([](ChatRequest& r) { r.schema = {{"name", "ranks"}}; }));
  EXPECT_TRUE(differs([](ChatRequest& r) { r.top_logprobs = 5; }));
  EXPECT_TRUE(differs([](ChatRequest& r) { r.repeat = 1; }));
}

}  // namespace
}  // namespace vigor
