#include "judges/client/http_chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/judges/client/chat_run.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::testing {
namespace {

using ::testing::HasSubstr;

TEST(HttpChat, AsksAndIsAnswered) {
  ChatServer server([](const ServerRequest& request) {
    return chat_answer("answer to " + request.prompt(), 11, 3);
  });
  const auto client = make_http_chat(quick_options(server.base_url()));
  const auto replies = ask(*client, 20);
  ASSERT_EQ(replies.size(), 20u);
  for (const auto& [index, reply] : replies) {
    EXPECT_EQ(reply.error, "");
    EXPECT_EQ(reply.text, "answer to question " + std::to_string(index));
    EXPECT_EQ(reply.tries, 1);
    EXPECT_EQ(reply.model, "scripted-model");
    EXPECT_THAT(reply.raw, HasSubstr("chat.completion"));
  }
  const Json usage = client->usage();
  EXPECT_EQ(usage["requests"], 20);
  EXPECT_EQ(usage["retries"], 0);
  EXPECT_EQ(usage["prompt_tokens"], 220);
  EXPECT_EQ(usage["completion_tokens"], 60);
}

TEST(HttpChat, SendsWhatItIsConfiguredToSend) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); });
  HttpChatOptions options = quick_options(server.base_url());
  options.api_key = Secret("sk-PLANTED");
  options.organisation = "org-1";
  options.headers = {{"X-Title", "vigor"}, {"X-Empty", ""}};
  options.secret_headers.emplace_back("api-key", Secret("azure-PLANTED"));
  EXPECT_EQ(ask_once(options).error, "");
  const ServerRequest seen = server.seen().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v1/chat/completions");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer sk-PLANTED");
  EXPECT_EQ(seen.headers.at("openai-organization"), "org-1");
  EXPECT_EQ(seen.headers.at("x-title"), "vigor");
  EXPECT_EQ(seen.headers.at("x-empty"), "");
  EXPECT_EQ(seen.headers.at("api-key"), "azure-PLANTED");
  EXPECT_EQ(seen.headers.at("content-type"), "application/json");
  EXPECT_EQ(seen.headers.count("expect"), 0u);
  EXPECT_EQ(seen.json()["model"], "m");
}

TEST(HttpChat, WithoutAKeyNoneIsSent) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); });
  EXPECT_EQ(ask_once(quick_options(server.base_url())).text, "yes");
  EXPECT_EQ(server.seen().at(0).headers.count("authorization"), 0u);
}

TEST(HttpChat, KeepsConnectionsOverRuns) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_in_flight = 2;
  const auto client = make_http_chat(options);
  ask(*client, 20);
  ask(*client, 20);
  EXPECT_EQ(server.requests(), 40u);
  EXPECT_LE(server.connections(), 2u);
}

TEST(HttpChat, HasManyInFlightAndNotMoreThanItMay) {
  ChatServer server([](const ServerRequest&) {
    ServerAnswer answer = chat_answer("yes");
    answer.delay_s = 0.05;
    return answer;
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_in_flight = 100;
  const auto client = make_http_chat(options);
  EXPECT_EQ(ask(*client, 150).size(), 150u);
  EXPECT_LE(server.peak_in_flight(), 100u);
  EXPECT_GT(server.peak_in_flight(), 10u);
  EXPECT_EQ(client->usage()["peak_in_flight"], 100);
}

TEST(HttpChat, MakesRequestsWhenTheyAreAboutToBeSent) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_in_flight = 3;
  const auto client = make_http_chat(options);
  size_t made = 0, ended = 0, most = 0;
  client->complete(
      50,
      [&](size_t index) {
        most = std::max(most, ++made - ended);
        return question(index);
      },
      [&](size_t, ChatReply&&) { ++ended; }, {});
  EXPECT_EQ(ended, 50u);
  EXPECT_LE(most, 3u);
}

TEST(HttpChat, SpeaksTlsToACertificateThatItTrusts) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); }, {.tls = true});
  const TemporaryFolder folder;
  HttpChatOptions options = quick_options(server.base_url());
  options.ca_file = folder.write("ca.pem", server.certificate()).string();
  const auto client = make_http_chat(options);
  for (const auto& [index, reply] : ask(*client, 10)) EXPECT_EQ(reply.error, "");
}

// Where TLS offers no HTTP/2, nobody waits for the others.
TEST(HttpChat, OverTlsWithoutHttp2EachHasAConnectionOfItsOwn) {
  ChatServer server(
      [](const ServerRequest&) {
        ServerAnswer answer = chat_answer("yes");
        answer.delay_s = 0.1;
        return answer;
      },
      {.tls = true});
  const TemporaryFolder folder;
  HttpChatOptions options = quick_options(server.base_url());
  options.ca_file = folder.write("ca.pem", server.certificate()).string();
  options.max_in_flight = 20;
  const auto client = make_http_chat(options);
  for (const auto& [index, reply] : ask(*client, 60)) EXPECT_EQ(reply.error, "");
  EXPECT_GT(server.peak_in_flight(), 10u);
  EXPECT_LE(server.connections(), 20u);
}

TEST(HttpChat, TheEnvironmentsProxyIsNotAsked) {
  ::setenv("http_proxy", refusing_url().c_str(), 1);
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); });
  const ChatReply reply = ask_once(quick_options(server.base_url()));
  ::unsetenv("http_proxy");
  EXPECT_EQ(reply.error, "");
}

TEST(HttpChat, TheProxyOfTheOptionsIsAsked) {
  ChatServer proxy([](const ServerRequest& request) { return chat_answer(request.target); });
  HttpChatOptions options = quick_options("http://judge.invalid/v1");
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  EXPECT_EQ(ask_once(options).text, "http://judge.invalid/v1/chat/completions");
}

TEST(HttpChat, ItsProxyIsRecordedWithoutThePassword) {
  ChatServer proxy([](const ServerRequest& request) {
    return chat_answer(request.headers.at("proxy-authorization") + " is user:PLANTED-word");
  });
  HttpChatOptions options = quick_options("http://judge.invalid/v1");
  const std::string place = "127.0.0.1:" + std::to_string(proxy.port());
  options.proxy = "http://user:PLANTED-word@" + place;
  const auto client = make_http_chat(options);
  const std::string text = ask(*client, 1).at(0).text;
  EXPECT_THAT(text, HasSubstr(" is user:[redacted]"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("QTEFOVEVE")));  // of its base64
  EXPECT_EQ(client->usage()["proxy"], "http://" + place);
  options.proxy = "ftp://user:PLANTED-word@" + place;
  try {
    make_http_chat(options);
    FAIL() << "no proxy for HTTP";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is no address of a proxy"));
    EXPECT_THAT(error.what(), HasSubstr("https_proxy"));
    EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("PLANTED")));
  }
}

TEST(HttpChat, AProxyThatIsNotThereIsNamed) {
  const std::string refused = refusing_url();
  HttpChatOptions options = quick_options("http://judge.invalid/v1");
  options.max_tries = 1;
  options.proxy = refused.substr(0, refused.size() - 3);
  EXPECT_THAT(ask_once(options).error,
              HasSubstr("no connection: through the proxy " + options.proxy + ": "));
}

// What each endpoint says that takes no schema or no logprobs, and what is asked in the end.
class OptionalParameter : public ::testing::TestWithParam<std::pair<int, const char*>> {};

INSTANTIATE_TEST_SUITE_P(
    Endpoints, OptionalParameter,
    ::testing::Values(
        std::pair(400, R"({"error": {"message": "response_format is not supported by this server",
                           "type": "invalid_request_error", "param": "response_format"}})"),
        std::pair(400, R"({"error": {"message": "Invalid parameter: 'response_format' of type )"
                       R"('json_schema' is not supported with this model."}})"),
        std::pair(422, R"({"detail": [{"type": "extra_forbidden", "loc": ["body", )"
                       R"("response_format"], "msg": "Extra inputs are not permitted"}]})"),
        std::pair(501, R"({"error": "structured output is not implemented"})"),
        std::pair(403, R"({"error": {"message": "You are not allowed to request logprobs from )"
                       R"(this model."}})")));

TEST_P(OptionalParameter, IsLeftOutWhenItIsRefused) {
  const auto [status, body] = GetParam();
  const bool schema = std::string(body).find("logprobs") == std::string::npos;
  const std::string key = schema ? "response_format" : "top_logprobs";
  ChatServer server([&, status = status, body = std::string(body)](const ServerRequest& request) {
    const Json asked = request.json();
    if (!asked.contains(key)) return chat_answer(request.prompt());
    ServerAnswer answer;
    answer.status = status;
    answer.body = body;
    return answer;
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_in_flight = 3;
  options.max_tries = 1;
  options.prices = {.input_per_million = 1, .output_per_million = 1};
  options.budget = 1;
  std::vector<std::string> said;
  const auto client = make_http_chat(
      options, {.trouble = [&](const std::string& words) { said.push_back(words); }});
  const Json identity = client->identity();
  size_t good = 0;
  client->complete(
      10,
      [](size_t index) {
        ChatRequest request = question(index);
        request.top_logprobs = 5;
        request.schema = {{"name", "s"}, {"schema", {{"type", "object"}}}};
        return request;
      },
      [&](size_t index, ChatReply&& reply) {
        EXPECT_EQ(reply.text, "question " + std::to_string(index)) << reply.error;
        EXPECT_EQ(reply.tries, 1);
        ++good;
      },
      {});
  EXPECT_EQ(good, 10u);
  EXPECT_LE(server.requests(), 10u + 3) << "asked with it at first alone";
  EXPECT_TRUE(server.seen().back().json().contains(schema ? "top_logprobs" : "response_format"));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0],
              HasSubstr(schema ? "takes no JSON schema (HTTP " : "takes no logprobs (HTTP"));
  const Json usage = client->usage();
  EXPECT_EQ(usage[schema ? "schema_refused" : "logprobs_refused"], true);
  EXPECT_EQ(usage["requests"], 10);
  EXPECT_EQ(usage["retries"], 0);
  EXPECT_EQ(usage["cost_unknown_at_most"], 0);
  EXPECT_EQ(client->identity(), identity) << "what is cached stays found";
}

TEST(HttpChat, ARefusalOfWhatWasNotAskedForIsAnError) {
  ChatServer server(
      [](const ServerRequest&) { return error_answer(400, "response_format is wrong"); });
  HttpChatOptions options = quick_options(server.base_url());
  EXPECT_THAT(ask_once(options).error, HasSubstr("HTTP 400: response_format is wrong"));
  // Written into the configuration, it is the user's own.
  options.extra_body = {{"response_format", {{"type", "json_object"}}}};
  const auto client = make_http_chat(options);
  client->complete(
      1,
      [](size_t index) {
        ChatRequest request = question(index);
        request.schema = {{"name", "s"}, {"schema", Json::object()}};
        return request;
      },
      [](size_t, ChatReply&& reply) { EXPECT_THAT(reply.error, HasSubstr("HTTP 400")); }, {});
  EXPECT_EQ(server.requests(), 2u);
}

TEST(HttpChat, IdentityHoldsNoSecret) {
  HttpChatOptions options = quick_options("https://judge.example/v1");
  options.api_key = Secret("sk-PLANTED");
  const Json identity = make_http_chat(options)->identity();
  EXPECT_EQ(identity["url"], "https://judge.example/v1");
  EXPECT_EQ(identity["model"], "m");
  EXPECT_EQ(identity.dump().find("PLANTED"), std::string::npos);
}

TEST(HttpChat, CountsMoneyAsTheEndpointReportsIt) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes", 1000, 100); });
  HttpChatOptions options = quick_options(server.base_url());
  options.prices = {.input_per_million = 2.5, .output_per_million = 10, .currency = "EUR"};
  const auto client = make_http_chat(options);
  ask(*client, 10);
  EXPECT_DOUBLE_EQ(client->usage()["cost"], 0.035);
  EXPECT_EQ(client->usage()["currency"], "EUR");
}

TEST(HttpChat, TheBudgetEndsTheRunAndWhatWasAnsweredIsDelivered) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes", 100, 10); });
  HttpChatOptions options = quick_options(server.base_url());
  options.prices = {.input_per_million = 10, .output_per_million = 10};
  options.budget = 0.02;
  const auto client = make_http_chat(options);
  size_t delivered = 0;
  try {
    client->complete(1000, question, [&](size_t, ChatReply&&) { ++delivered; }, {});
    FAIL() << "the budget has no room for 1000";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the budget of 0.02 USD has no room"));
  }
  EXPECT_EQ(delivered, server.requests());
  EXPECT_GT(delivered, 0u);
  EXPECT_LE(client->usage()["cost"].get<double>(), 0.02);
}

TEST(HttpChat, TheDeadlineEndsTheRun) {
  ChatServer server([](const ServerRequest&) { return error_answer(503, "busy"); });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_tries = 1000000;
  options.deadline_s = 0.05;
  const auto client = make_http_chat(options);
  EXPECT_THROW(ask(*client, 5), Error);
}

TEST(HttpChat, StoppingDeliversWhatIsInFlightAndAsksNothingMore) {
  std::stop_source stop;
  ChatServer server([&](const ServerRequest& request) {
    if (request.index == 5) stop.request_stop();
    ServerAnswer answer = chat_answer("yes");
    answer.delay_s = 0.02;
    return answer;
  });
  HttpChatOptions options = quick_options(server.base_url());
  options.max_in_flight = 4;
  const auto client = make_http_chat(options);
  const auto replies = ask(*client, 1000, stop.get_token());
  EXPECT_EQ(replies.size(), server.requests());
  EXPECT_LT(replies.size(), 20u);
  for (const auto& [index, reply] : replies) EXPECT_EQ(reply.error, "");
}

TEST(HttpChat, StoppedBeforeTheStartItAsksNothing) {
  std::stop_source stop;
  stop.request_stop();
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); });
  const auto client = make_http_chat(quick_options(server.base_url()));
  EXPECT_TRUE(ask(*client, 10, stop.get_token()).empty());
  EXPECT_EQ(server.requests(), 0u);
}

TEST(HttpChat, WhatACallbackThrowsEndsTheRunAndTheClientCanBeUsedAgain) {
  ChatServer server([](const ServerRequest&) { return chat_answer("yes"); });
  const auto client = make_http_chat(quick_options(server.base_url()));
  EXPECT_THROW(
      client->complete(100, question,
                       [](size_t, ChatReply&&) { throw std::runtime_error("disk full"); }, {}),
      std::runtime_error);
  EXPECT_THROW(client->complete(
                   100, [](size_t) -> ChatRequest { throw std::runtime_error("no picture"); },
                   [](size_t, ChatReply&&) {}, {}),
               std::runtime_error);
  EXPECT_EQ(ask(*client, 10).size(), 10u);
}

}  // namespace
}  // namespace vigor::testing
