// The server over real sockets, with a model of the test's own.
#include "serve/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/base64.h"
#include "base/error.h"
#include "tests/serve/running_server.h"

namespace vigor::serve {
namespace {

using testing::ask;
using testing::chat;
using testing::FakeLvlm;
using ::testing::HasSubstr;
using testing::post;
using testing::Reply;
using testing::RunningServer;
using testing::SocketClient;

TEST(Server, AnswersAQuestion) {
  FakeLvlm model;
  RunningServer server(model);
  const Reply reply = ask(server.port(), post(chat("Is it red?")));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json body = reply.json();
  EXPECT_EQ(body["choices"][0]["message"]["content"], "You asked: Is it red?");
  EXPECT_EQ(body["model"], "demo");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(body["system_fingerprint"], "0123456789abcdef");
}

TEST(Server, ThePictureReachesTheModel) {
  FakeLvlm model;
  RunningServer server(model);
  Json body = chat("x");
  body["messages"][0]["content"] =
      Json::parse(R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
                  base64("PNG") + R"("}},{"type":"text","text":"x"}])");
  EXPECT_EQ(ask(server.port(), post(body)).status, 200);
  ASSERT_EQ(model.calls().size(), 1u);
  EXPECT_EQ(*model.calls()[0].requests[0].image_bytes, "PNG");
}

TEST(Server, OneConnectionTakesManyRequests) {
  FakeLvlm model;
  RunningServer server(model);
  SocketClient client(server.port());
  for (const char* words : {"a", "b", "c"}) {
    EXPECT_EQ(client.ask(post(chat(words))).json()["choices"][0]["message"]["content"],
              std::string("You asked: ") + words);
  }
  // Sent at once: answered in order.
  client.send(post(chat("d")) + post(chat("e")));
  EXPECT_THAT(client.receive().body, HasSubstr("You asked: d"));
  EXPECT_THAT(client.receive().body, HasSubstr("You asked: e"));
}

TEST(Server, QuestionsThatComeTogetherAreOneBatch) {
  FakeLvlm model;
  model.held = true;
  RunningServer server(model);
  SocketClient first(server.port());
  first.send(post(chat("first")));
  while (model.calls().empty()) std::this_thread::yield();
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<SocketClient>(server.port()));
    clients.back()->send(post(chat("question " + std::to_string(i))));
  }
  while (ask(server.port(), "GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n")
             .body.find("vigor_questions_waiting 5\n") == std::string::npos) {
    std::this_thread::yield();
  }
  model.held = false;
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(clients[static_cast<size_t>(i)]->receive().body,
                HasSubstr("You asked: question " + std::to_string(i)));
  }
  EXPECT_EQ(model.calls().size(), 2u);
  EXPECT_EQ(model.calls()[1].requests[0].questions.size(), 5u);
}

TEST(Server, StreamsWhatTheModelSays) {
  FakeLvlm model;
  RunningServer server(model);
  Json body = chat("x");
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  SocketClient client(server.port());
  const Reply reply = client.ask(post(body));
  ASSERT_EQ(reply.status, 200);
  EXPECT_THAT(reply.head, HasSubstr("text/event-stream"));
  std::string text;
  std::vector<Json> events;
  for (size_t at = 0; (at = reply.body.find("data: ", at)) != std::string::npos;) {
    const size_t end = reply.body.find("\n\n", at);
    const std::string data = reply.body.substr(at + 6, end - at - 6);
    at = end;
    if (data == "[DONE]") break;
    events.push_back(Json::parse(data));
    EXPECT_EQ(events.back()["object"], "chat.completion.chunk");
    for (const Json& choice : events.back()["choices"]) {
      text += choice["delta"].value("content", std::string());
    }
  }
  EXPECT_EQ(text, "You asked: x");
  EXPECT_EQ(events.front()["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(events[events.size() - 2]["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(events.back()["usage"]["completion_tokens"], 2);
  EXPECT_TRUE(reply.body.ends_with("data: [DONE]\n\n"));
  // The connection goes on.
  EXPECT_EQ(client.ask(post(chat("y"))).status, 200);
}

TEST(Server, SampledChoicesAreStreamedSideBySide) {
  FakeLvlm model;
  RunningServer server(model);
  Json body = chat("x");
  body.update({{"n", 2}, {"stream", true}, {"temperature", 1}});
  const Reply reply = ask(server.port(), post(body));
  std::map<int, std::string> texts;
  for (size_t at = 0; (at = reply.body.find("data: {", at)) != std::string::npos; ++at) {
    const Json event = Json::parse(reply.body.substr(at + 6, reply.body.find("\n\n", at) - at - 6));
    const Json& choice = event["choices"][0];
    texts[choice["index"].get<int>()] += choice["delta"].value("content", std::string());
  }
  EXPECT_EQ(texts, (std::map<int, std::string>{{0, "You asked: x"}, {1, "You asked: x"}}));
}

TEST(Server, FailuresHaveTheirStatus) {
  FakeLvlm model;
  RunningServer server(model);
  for (const bool stream : {false, true}) {
    for (const auto& [words, status] : {std::pair("fault", 400), std::pair("failure", 500)}) {
      Json body = chat(words);
      body["stream"] = stream;
      const Reply reply = ask(server.port(), post(body));
      EXPECT_EQ(reply.status, status);
      EXPECT_STRNE(reply.json()["error"]["message"].get<std::string>().c_str(), "");
    }
  }
  Json other = chat("x");
  other["model"] = "gpt-4";
  EXPECT_EQ(ask(server.port(), post(other)).status, 404);
  EXPECT_EQ(ask(server.port(), post(std::string("{"))).status, 400);
  EXPECT_EQ(ask(server.port(), "GET /nothing HTTP/1.1\r\nHost: t\r\n\r\n").status, 404);
  EXPECT_EQ(ask(server.port(), "GET /v1/chat/completions HTTP/1.1\r\nHost: t\r\n\r\n").status, 405);
  EXPECT_EQ(ask(server.port(),
                "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nContent-Type: text/plain\r\n"
                "Content-Length: 2\r\n\r\n{}")
                .status,
            415);
}

TEST(Server, ModelsHealthAndMetrics) {
  FakeLvlm model;
  RunningServer server(model);
  SocketClient client(server.port());
  const Json models = client.ask("GET /v1/models HTTP/1.1\r\nHost: t\r\n\r\n").json();
  EXPECT_EQ(models["data"][0]["id"], "demo");
  EXPECT_EQ(models["data"][0]["vigor"]["checkpoint_hash"], "0123456789abcdef");
  EXPECT_EQ(models.dump().find("/secret/place"), std::string::npos);
  EXPECT_EQ(client.ask("GET /health HTTP/1.1\r\nHost: t\r\n\r\n").json()["status"], "ok");
  client.ask(post(chat("x")));
  const std::string metrics = client.ask("GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n").body;
  EXPECT_THAT(metrics,
              HasSubstr("vigor_requests_total{path=\"/v1/chat/completions\",status=\"200\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("vigor_new_tokens_total 2\n"));
  EXPECT_THAT(metrics, HasSubstr("vigor_connections 1\n"));
}

TEST(Server, TheTokenIsAskedForAndNeverRepeated) {
  FakeLvlm model;
  RunningServer server(model, {.token = "PLANTED-token"});
  for (const char* header : {"", "Authorization: Bearer wrong\r\n", "Authorization: Bearer\r\n",
                             "Authorization: PLANTED-token\r\n"}) {
    const Reply reply = ask(server.port(), post(chat("x"), header));
    EXPECT_EQ(reply.status, 401) << header;
    EXPECT_EQ((reply.head + reply.body).find("PLANTED"), std::string::npos);
  }
  EXPECT_EQ(ask(server.port(), post(chat("x"), "Authorization: Bearer PLANTED-token\r\n")).status,
            200);
  EXPECT_EQ(ask(server.port(), "GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n").status, 401);
  EXPECT_EQ(ask(server.port(), "GET /health HTTP/1.1\r\nHost: t\r\n\r\n").status, 200);
}

TEST(Server, OtherMachinesNeedAToken) {
  FakeLvlm model;
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1"}) {
    EXPECT_THROW(Server(model, {.address = address, .port = 0}), Error) << address;
  }
  EXPECT_THROW(Server(model, {.address = "example.com", .port = 0}), Error);
  EXPECT_NO_THROW(Server(model, {.address = "0.0.0.0", .port = 0, .token = "t"}));
}

TEST(Server, ASecondServerOnThePortIsRefused) {
  FakeLvlm model;
  RunningServer server(model);
  EXPECT_THROW(Server(model, {.port = server.port()}), Error);
}

TEST(Server, AStopLetsWhatIsUnderWayEnd) {
  FakeLvlm model;
  model.held = true;
  auto server = std::make_unique<RunningServer>(model);
  SocketClient idle(server->port()), client(server->port());
  EXPECT_EQ(idle.ask("GET /health HTTP/1.1\r\nHost: t\r\n\r\n").status, 200);
  client.send(post(chat("x")));
  while (model.calls().empty()) std::this_thread::yield();
  const uint16_t port = server->port();
  server->request_stop();
  EXPECT_TRUE(idle.closed());
  EXPECT_THROW(SocketClient late(port), std::exception);
  model.held = false;
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.head, HasSubstr("Connection: close"));
  client.close();
  server->join();
}

TEST(Server, AStopDoesNotWaitForEver) {
  FakeLvlm model;
  model.held = true;
  RunningServer server(model, {.drain_s = 0.02});
  SocketClient client(server.port());
  client.send(post(chat("x")));
  while (model.calls().empty()) std::this_thread::yield();
  server.request_stop();
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, HasSubstr("the server is stopping"));
  client.close();
  server.join();
}

}  // namespace
}  // namespace vigor::serve
