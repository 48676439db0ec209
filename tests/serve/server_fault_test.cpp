// Clients that break the rules, or break off. After each the server goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/serve/running_server.h"

namespace vigor::serve {
namespace {

using testing::ask;
using testing::chat;
using testing::FakeLvlm;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;
using testing::Reply;
using testing::RunningServer;
using testing::SocketClient;

class FaultServer : public ::testing::Test {
 protected:
  void TearDown() override {
    model_.held = false;
    EXPECT_EQ(ask(server_->port(), post(chat("still there?"))).status, 200);
  }
  void start(ServerOptions options) { server_ = std::make_unique<RunningServer>(model_, options); }
  std::string metrics() {
    return ask(server_->port(), "GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n").body;
  }
  void wait_for_metric(const std::string& line) {
    while (metrics().find(line + "\n") == std::string::npos) std::this_thread::yield();
  }

  FakeLvlm model_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(FaultServer, NotHttp) {
  start({});
  const Reply reply = ask(server_->port(), "\x16\x03\x01 hello\r\n\r\n");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.head, HasSubstr("Connection: close"));
}

TEST_F(FaultServer, AHeaderTooLarge) {
  start({.max_header_bytes = 1000});
  EXPECT_EQ(
      ask(server_->port(), post(chat("x"), "X-Long: " + std::string(2000, 'x') + "\r\n")).status,
      431);
}

TEST_F(FaultServer, ABodyTooLarge) {
  start({.max_body_bytes = 1000});
  EXPECT_EQ(ask(server_->port(), post(chat(std::string(2000, 'x')))).status, 413);
  // Without a length, the limit holds as well.
  const std::string chunk = "7d0\r\n" + std::string(2000, ' ') + "\r\n";
  EXPECT_EQ(
      ask(server_->port(),
          "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
          "Transfer-Encoding: chunked\r\n\r\n" +
              chunk)
          .status,
      413);
}

TEST_F(FaultServer, ASlowClientIsDropped) {
  start({.header_timeout_s = 0.03, .body_timeout_s = 0.03});
  SocketClient header(server_->port()), body(server_->port()), silent(server_->port());
  header.send("POST /v1/chat/comp");
  const std::string whole = post(chat("x"));
  body.send(whole.substr(0, whole.size() - 3));
  EXPECT_TRUE(header.closed());
  EXPECT_TRUE(body.closed());
  EXPECT_TRUE(silent.closed());
  std::string text;
  while ((text = metrics()).empty()) {
  }
  EXPECT_THAT(text, Not(HasSubstr("vigor_slow_clients_total 0\n")));
  start({});
}

TEST_F(FaultServer, AClientThatLeavesBeforeItsAnswer) {
  start({});
  model_.held = true;
  SocketClient first(server_->port());
  first.send(post(chat("first")));
  while (model_.calls().empty()) std::this_thread::yield();
  {
    SocketClient gone(server_->port());
    gone.send(post(chat("nobody waits for this")));
    wait_for_metric("vigor_questions_waiting 1");
  }
  wait_for_metric("vigor_connections 2");  // the first, and the one that asks
  model_.held = false;
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(ask(server_->port(), post(chat("last"))).status, 200);
  for (const FakeLvlm::Call& call : model_.calls()) {
    EXPECT_NE(call.requests[0].questions[0], "nobody waits for this");
  }
}

TEST_F(FaultServer, AStreamThatIsNotTakenIsDropped) {
  std::vector<std::string> words(2000, std::string(8192, 'x'));
  FakeLvlm talker([&](const ImageRequest&, const std::string& question) {
    return question == "talk" ? words : std::vector<std::string>{"fine"};
  });
  RunningServer server(talker, {.write_timeout_s = 0.05});
  Json body = chat("talk");
  body["stream"] = true;
  SocketClient client(server.port());
  client.send(post(body));
  while (ask(server.port(), "GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n")
             .body.find("vigor_slow_clients_total 1\n") == std::string::npos) {
    std::this_thread::yield();
  }
  EXPECT_EQ(ask(server.port(), post(chat("x"))).status, 200);
  start({});
}

TEST_F(FaultServer, TooManyConnections) {
  start({.max_connections = 1});
  {
    SocketClient first(server_->port());
    EXPECT_EQ(first.ask("GET /health HTTP/1.1\r\nHost: t\r\n\r\n").status, 200);
    EXPECT_TRUE(SocketClient(server_->port()).closed());
  }
  while (ask(server_->port(), "GET /health HTTP/1.1\r\nHost: t\r\n\r\n").status != 200) {
  }
  start({});
}

TEST_F(FaultServer, TooManyQuestions) {
  ServerOptions options;
  options.batch.max_waiting = 1;
  start(options);
  model_.held = true;
  SocketClient first(server_->port()), second(server_->port());
  first.send(post(chat("a")));
  while (model_.calls().empty()) std::this_thread::yield();
  second.send(post(chat("b")));
  wait_for_metric("vigor_questions_waiting 1");
  const Reply reply = ask(server_->port(), post(chat("c")));
  EXPECT_EQ(reply.status, 429);
  EXPECT_THAT(reply.head, HasSubstr("Retry-After: 1"));
  model_.held = false;
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(second.receive().status, 200);
}

TEST_F(FaultServer, ContinueIsSaidBeforeALargeBody) {
  start({});
  SocketClient client(server_->port());
  const std::string whole = post(chat("x"), "Expect: 100-continue\r\n");
  const size_t body = whole.find("\r\n\r\n") + 4;
  client.send(whole.substr(0, body));
  EXPECT_EQ(client.receive().status, 100);
  client.send(whole.substr(body));
  EXPECT_EQ(client.receive().status, 200);
}

}  // namespace
}  // namespace vigor::serve
