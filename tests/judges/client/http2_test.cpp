// The client against a real HTTP/2 server: nghttpx, which takes HTTP/2 over TLS and passes it on to
// the scripted server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <functional>
#include <set>
#include <sstream>

#include "base/files.h"
#include "tests/judges/client/chat_run.h"
#include "tests/testing/passing_faults.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::testing {
namespace {

constexpr const char* kProxy = "/usr/sbin/nghttpx";

class FaultHttp2 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kProxy)) {
      GTEST_SKIP() << kProxy << " is not there (Debian package nghttp2-proxy)";
    }
  }

  // Runs `ask` with options for an HTTP/2 server before `backend`, while that server is up.
  void serve(const ChatServer& backend, const std::function<void(HttpChatOptions)>& ask) {
    const auto [key, certificate] = self_signed();
    HttpChatOptions options = quick_options(refusing_url());
    const std::string address = options.base_url.substr(7, options.base_url.size() - 10);
    const std::string port = address.substr(address.find(':') + 1);
    options.base_url = "https://127.0.0.1:" + port + "/v1";
    options.ca_file = folder_.write("cert.pem", certificate).string();
    const std::string key_file = folder_.write("key.pem", key).string();
    const std::string errors = (folder_ / "errors.log").string();
    bool asked = false;
    std::vector<std::string> arguments = {"--conf=/dev/null",
                                          "--frontend=127.0.0.1," + port,
                                          "--backend=127.0.0.1," + std::to_string(backend.port()),
                                          "--accesslog-file=" + (folder_ / "access.log").string(),
                                          "--accesslog-format=$alpn $remote_port",
                                          "--errorlog-file=" + errors,
                                          "--single-process",
                                          "--single-thread",
                                          "--no-ocsp",
                                          "--backend-connections-per-host=200",
                                          key_file,
                                          options.ca_file};
    arguments.insert(arguments.begin(), more_.begin(), more_.end());
    const SpawnResult proxy =
        spawn(kProxy, arguments, {.meanwhile = [&](pid_t process) {
                if (asked || !std::filesystem::exists(errors) ||
                    read_file(errors).find("Listening on") == std::string::npos) {
                  return;
                }
                asked = true;
                ask(options);
                ::kill(process, SIGKILL);
              }});
    ASSERT_TRUE(asked) << proxy.err;
    std::istringstream log(read_file(folder_ / "access.log"));
    for (std::string protocol, from; log >> protocol >> from;) {
      protocols_.insert(protocol);
      connections_.insert(from);
    }
  }

  TemporaryFolder folder_;
  std::vector<std::string> more_;  // arguments of the server
  std::set<std::string> protocols_, connections_;
};

TEST_F(FaultHttp2, NinetyRequestsAtATimeShareOneConnection) {
  ChatServer backend([](const ServerRequest& request) {
    ServerAnswer answer = chat_answer("answer to " + request.prompt());
    answer.delay_s = 0.02;
    return answer;
  });
  serve(backend, [&](HttpChatOptions options) {
    options.max_in_flight = 90;
    const auto client = make_http_chat(options);
    const auto replies = ask(*client, 400);
    ASSERT_EQ(replies.size(), 400u);
    for (const auto& [index, reply] : replies) {
      EXPECT_EQ(reply.error, "");
      EXPECT_EQ(reply.text, "answer to question " + std::to_string(index));
    }
  });
  EXPECT_EQ(protocols_, std::set<std::string>{"h2"});
  // nghttpx takes 100 requests at a time on each.
  EXPECT_EQ(connections_.size(), 1u);
}

// nghttpx takes 100 requests at a time on each connection.
TEST_F(FaultHttp2, MoreThanOneConnectionCarriesTakeAsFewAsTheyNeed) {
  ChatServer backend([](const ServerRequest& request) {
    ServerAnswer answer = chat_answer("answer to " + request.prompt());
    answer.delay_s = 0.02;
    return answer;
  });
  serve(backend, [&](HttpChatOptions options) {
    options.max_in_flight = 350;
    const auto client = make_http_chat(options);
    for (int run = 0; run < 2; ++run) {
      const auto replies = ask(*client, 700);
      ASSERT_EQ(replies.size(), 700u);
      for (const auto& [index, reply] : replies) EXPECT_EQ(reply.error, "");
    }
    EXPECT_EQ(client->usage()["peak_in_flight"], 350);
    EXPECT_EQ(client->usage()["retries"], 0);
  });
  EXPECT_EQ(protocols_, std::set<std::string>{"h2"});
  EXPECT_LE(connections_.size(), 4u);
  EXPECT_GT(backend.peak_in_flight(), 100u);
}

// A server that takes few at a time: the others wait.
TEST_F(FaultHttp2, WhatAServerTakesNoMoreOfWaits) {
  ChatServer backend([](const ServerRequest& request) {
    ServerAnswer answer = chat_answer("answer to " + request.prompt());
    answer.delay_s = 0.005;
    return answer;
  });
  more_ = {"--frontend-http2-max-concurrent-streams=10"};
  serve(backend, [&](HttpChatOptions options) {
    options.max_in_flight = 90;
    for (const auto& [index, reply] : ask(*make_http_chat(options), 180)) {
      EXPECT_EQ(reply.error, "");
      EXPECT_EQ(reply.tries, 1);
    }
  });
  // What is refused because the limit was not known yet may end a connection.
  EXPECT_LE(connections_.size(), 9u);
  EXPECT_LE(backend.peak_in_flight(), 90u);
}

TEST_F(FaultHttp2, ARunWithFaultsEndsAsOneWithout) {
  ChatServer backend([](const ServerRequest& request) {
    ServerAnswer answer = chat_answer("answer to " + request.prompt());
    const auto& faults = passing_faults();
    if (request.index % 3 == 0) faults[request.index / 3 % faults.size()].apply(answer);
    return answer;
  });
  serve(backend, [&](HttpChatOptions options) {
    options.max_tries = 30;
    options.max_in_flight = 20;
    const auto client = make_http_chat(options);
    for (const auto& [index, reply] : ask(*client, 100)) {
      EXPECT_EQ(reply.error, "");
      EXPECT_EQ(reply.text, "answer to question " + std::to_string(index));
    }
    EXPECT_GE(client->usage()["retries"], 30);
  });
  EXPECT_EQ(protocols_, std::set<std::string>{"h2"});
}

}  // namespace
}  // namespace vigor::testing
