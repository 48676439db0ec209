// The client behind a proxy that makes tunnels: TLS is with the server, and the proxy sees neither
// key nor question.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/judges/client/chat_run.h"
#include "tests/testing/connect_proxy.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FaultTunnel : public ::testing::Test {
 protected:
  HttpChatOptions behind(const ConnectProxy& proxy) {
    HttpChatOptions options = quick_options(server_.base_url());
    options.proxy = proxy.url();
    options.ca_file = folder_.write("cert.pem", server_.certificate()).string();
    options.api_key = Secret("sk-PLANTED-0123456789");
    options.organisation = "PLANTED-organisation";
    options.headers = {{"X-Note", "PLANTED-note"}};
    return options;
  }

  TemporaryFolder folder_;
  ChatServer server_{[](const ServerRequest& request) {
                       EXPECT_EQ(request.headers.at("authorization"),
                                 "Bearer sk-PLANTED-0123456789");
                       return chat_answer("answer to " + request.prompt());
                     },
                     {.tls = true}};
};

TEST_F(FaultTunnel, TheProxySeesWhereToAndNothingElse) {
  const ConnectProxy proxy;
  const auto replies = ask(*make_http_chat(behind(proxy)), 20);
  ASSERT_EQ(replies.size(), 20u);
  for (const auto& [index, reply] : replies) {
    EXPECT_EQ(reply.text, "answer to question " + std::to_string(index)) << reply.error;
  }
  EXPECT_THAT(proxy.heads(), HasSubstr("CONNECT 127.0.0.1:" + std::to_string(server_.port())));
  EXPECT_GT(proxy.tunnelled().size(), 20u * 100);
  for (const std::string& seen : {proxy.heads(), proxy.tunnelled()}) {
    for (const char* hidden : {"PLANTED", "Authorization", "question", "answer"}) {
      EXPECT_THAT(seen, Not(HasSubstr(hidden)));
    }
  }
}

TEST_F(FaultTunnel, ACertificateThatNobodySignedIsRefusedInsideToo) {
  const ConnectProxy proxy;
  HttpChatOptions options = behind(proxy);
  options.ca_file.clear();
  const ChatReply reply = ask_once(options);
  EXPECT_THAT(reply.error, HasSubstr("certificate is not accepted"));
  EXPECT_EQ(reply.tries, 1);
  EXPECT_EQ(server_.requests(), 0u);
}

TEST_F(FaultTunnel, AProxyThatRefusesIsAnErrorThatSaysSo) {
  const ConnectProxy proxy(407);
  const ChatReply reply = ask_once(behind(proxy));
  EXPECT_THAT(reply.error, HasSubstr("407"));
  EXPECT_EQ(server_.connections(), 0u);
  EXPECT_THAT(proxy.heads(), Not(HasSubstr("PLANTED")));
}

}  // namespace
}  // namespace vigor::testing
