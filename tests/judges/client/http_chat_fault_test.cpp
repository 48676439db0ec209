// Everything that a network and an endpoint do wrongly, over real sockets: nothing is lost, nothing
// is taken for a reply that is none, and a run with faults ends as one without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judges/client/http_chat.h"
#include "tests/judges/client/chat_run.h"
#include "tests/testing/passing_faults.h"

namespace vigor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FaultPassing : public ::testing::TestWithParam<PassingFault> {};

TEST_P(FaultPassing, ARunWithFaultsEndsAsOneWithout) {
  ChatServer server([&](const ServerRequest& request) {
    ServerAnswer answer = chat_answer("yes to " + request.prompt());
    if (request.index % 4 == 1) GetParam().apply(answer);
    return answer;
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_in_flight = 8;
  options.max_tries = 12;
  const auto client = make_http_chat(options);
  const auto replies = ask(*client, 40);
  ASSERT_EQ(replies.size(), 40u);
  for (const auto& [index, reply] : replies) {
    EXPECT_EQ(reply.error, "");
    EXPECT_EQ(reply.text, "yes to question " + std::to_string(index));
  }
  EXPECT_GT(client->usage()["retries"], 0);
}

TEST_P(FaultPassing, OneThatDoesNotPassIsAnErrorAndNeverAReply) {
  ChatServer server([&](const ServerRequest&) {
    ServerAnswer answer = chat_answer("yes");
    GetParam().apply(answer);
    return answer;
  });
  const auto client = make_http_chat(quick_options(server.base_url()));
  for (const auto& [index, reply] : ask(*client, 3)) {
    EXPECT_THAT(reply.error, HasSubstr("(after 4 tries)"));
    EXPECT_EQ(reply.text, "");
    EXPECT_EQ(reply.tries, 4);
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultPassing, ::testing::ValuesIn(passing_faults()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(FaultHttpChat, AConnectionThatIsRefusedIsAnError) {
  const ChatReply reply = ask_once(quick_options(refusing_url()));
  EXPECT_THAT(reply.error, HasSubstr("no connection"));
  EXPECT_THAT(reply.error, HasSubstr("(after 4 tries)"));
}

TEST(FaultHttpChat, AServerThatIsDownIsSaidOnceAndItsReturnToo) {
  std::atomic<int> left = 3;
  ChatServer server([&](const ServerRequest& request) {
    return left-- > 0 ? error_answer(500, "oops " + request.headers.at("authorization"))
                      : chat_answer("yes");
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.api_key = Secret("sk-PLANTED-0123456789");
  std::vector<std::string> said;
  const auto client = make_http_chat(
      options, {.trouble = [&](const std::string& words) { said.push_back(words); }});
  ask(*client, 3);
  ASSERT_EQ(said.size(), 2u);
  EXPECT_THAT(said[0], ::testing::StartsWith("HTTP 500: oops"));
  EXPECT_THAT(said[0], HasSubstr("after try 1 of 4 it is asked again in"));
  EXPECT_THAT(said[1], HasSubstr("answers again after"));
  for (const std::string& words : said) EXPECT_THAT(words, Not(HasSubstr("PLANTED")));
}

TEST(FaultHttpChat, OneConnectionThatIsRefusedIsOneTryForAllThatWaitForIt) {
  std::string url = refusing_url();
  url.insert(4, "s");
  const auto client = make_http_chat(quick_options(url));
  const auto replies = ask(*client, 50);
  ASSERT_EQ(replies.size(), 50u);
  for (const auto& [index, reply] : replies) {
    EXPECT_THAT(reply.error, HasSubstr("no connection"));
    EXPECT_EQ(reply.tries, 4);
  }
}

TEST(FaultHttpChat, AServerThatSaysNothingTimesOut) {
  ChatServer server([](const ServerRequest&) {
    ServerAnswer answer = chat_answer("yes");
    answer.delay_s = 30;
    return answer;
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.timeout_s = 0.03;
  options.max_tries = 2;
  const ChatReply reply = ask_once(options);
  EXPECT_THAT(reply.error, HasSubstr("timed out"));
  EXPECT_EQ(reply.tries, 2);
}

TEST(FaultHttpChat, ASlowLorisIsGivenUpLongBeforeTheTimeout) {
  ChatServer server([](const ServerRequest&) {
    ServerAnswer answer = chat_answer("yes");
    answer.drip_bytes = 1;
    answer.drip_s = 0.01;
    return answer;
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.low_speed_bytes_s = 1000;
  options.low_speed_time_s = 0.04;
  options.max_tries = 1;
  EXPECT_THAT(ask_once(options).error, HasSubstr("stalled"));
}

TEST(FaultHttpChat, AModelThatThinksLongIsNoSlowLoris) {
  ChatServer server([](const ServerRequest&) {
    ServerAnswer answer = chat_answer("yes");
    answer.delay_s = 0.05;
    return answer;
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.low_speed_bytes_s = 1000;
  options.low_speed_time_s = 0.02;
  options.max_tries = 1;
  EXPECT_EQ(ask_once(options).error, "");
}

TEST(FaultHttpChat, ARedirectIsNotFollowedAndTheKeyStays) {
  ChatServer other([](const ServerRequest&) { return chat_answer("stolen"); });
  for (const int status : {301, 302, 303, 307, 308}) {
    ChatServer server([&](const ServerRequest&) {
      ServerAnswer answer;
      answer.status = status;
      answer.headers = {{"Location", other.base_url() + "/chat/completions"}};
      return answer;
    });
    HttpChatOptions options = quick_options(server.base_url());
    options.api_key = Secret("sk-PLANTED");
    const ChatReply reply = ask_once(options);
    EXPECT_THAT(reply.error, HasSubstr("redirects to"));
    EXPECT_EQ(reply.tries, 1);
  }
  EXPECT_EQ(other.requests(), 0u);
  EXPECT_EQ(other.connections(), 0u);
}

TEST(FaultHttpChat, AHugeReplyIsGivenUp) {
  ChatServer server([](const ServerRequest&) { return chat_answer(std::string(1 << 20, 'x')); });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_reply_bytes = 10000;
  const ChatReply reply = ask_once(options);
  EXPECT_THAT(reply.error, HasSubstr("too long: above 10000 bytes"));
  EXPECT_EQ(reply.tries, 1);
}

TEST(FaultHttpChat, EndlessHeadersAreGivenUp) {
  ChatServer server([](const ServerRequest&) {
    ServerAnswer answer = chat_answer("yes");
    for (int i = 0; i < 100; ++i) {
      answer.headers.emplace_back("X-" + std::to_string(i), std::string(8000, 'x'));
    }
    return answer;
  });
  EXPECT_NE(ask_once(quick_options(server.base_url())).error, "");
}

TEST(FaultHttpChat, ACertificateThatNobodySignedIsRefused) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); }, {.tls = true});
  const ChatReply reply = ask_once(quick_options(server.base_url()));
  EXPECT_THAT(reply.error, HasSubstr("certificate is not accepted"));
  EXPECT_EQ(reply.tries, 1);
  EXPECT_EQ(server.requests(), 0u);
}

TEST(FaultHttpChat, OtherStatusesAreNotTriedAgain) {
  for (const int status : {400, 401, 403, 404, 413, 422}) {
    ChatServer server([&](const ServerRequest&) { return error_answer(status, "no such thing"); });
    const ChatReply reply = ask_once(quick_options(server.base_url()));
    EXPECT_EQ(reply.error, "HTTP " + std::to_string(status) + ": no such thing");
    EXPECT_EQ(server.requests(), 1u);
  }
}

TEST(FaultHttpChat, AContentFilterIsARefusalAndNotAFailure) {
  ChatServer server([](const ServerRequest&) {
    ServerAnswer answer = error_answer(400, "");
    answer.body = R"({"error": {"message": "filtered", "code": "content_filter"}})";
    return answer;
  });
  const ChatReply reply = ask_once(quick_options(server.base_url()));
  EXPECT_EQ(reply.error, "refused: HTTP 400: filtered");
  EXPECT_TRUE(reply.refused);
  EXPECT_EQ(server.requests(), 1u);
}

TEST(FaultHttpChat, AnEmptyAccountIsNotAskedAgain) {
  ChatServer server([](const ServerRequest&) {
    ServerAnswer answer = error_answer(429, "");
    answer.body = R"({"error": {"message": "quota exceeded", "type": "insufficient_quota"}})";
    return answer;
  });
  const auto client = make_http_chat(quick_options(server.base_url()));
  EXPECT_EQ(ask(*client, 1).at(0).error, "HTTP 429: quota exceeded");
  EXPECT_EQ(client->usage()["errors"]["quota"], 1);
}

TEST(FaultHttpChat, AKeyThatComesBackIsNowhereInTheReply) {
  ChatServer server([](const ServerRequest& request) {
    const std::string key = request.headers.at("authorization").substr(7);
    if (request.index == 0) return error_answer(400, "bad key " + key);
    Json body = chat_body("your key is " + key);
    body["model"] = key;
    body["choices"][0]["logprobs"] = {{"content", {{{"token", key}, {"logprob", -1}}}}};
    ServerAnswer answer;
    answer.body = body.dump();
    return answer;
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.api_key = Secret("sk-PLANTED-0123456789");
  const auto client = make_http_chat(options);
  for (int run = 0; run < 2; ++run) {
    const ChatReply reply = ask(*client, 1).at(0);
    for (const std::string& text : {reply.error, reply.text, reply.model, reply.raw}) {
      EXPECT_THAT(text, Not(HasSubstr("PLANTED")));
    }
    for (const TokenLogprob& token : reply.first_token) {
      EXPECT_THAT(token.token, Not(HasSubstr("PLANTED")));
    }
  }
}

TEST(FaultHttpChat, AStormOf429IsRiddenOut) {
  std::atomic<int> left = 60;
  ChatServer server([&](const ServerRequest&) {
    return left-- > 0 ? error_answer(429, "slow down") : chat_answer("yes");
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_in_flight = 32;
  options.max_tries = 100;
  const auto client = make_http_chat(options);
  for (const auto& [index, reply] : ask(*client, 100)) EXPECT_EQ(reply.error, "");
  EXPECT_EQ(client->usage()["retries"], 60);
}

}  // namespace
}  // namespace vigor::testing
