#include "judges/judge/proxy.h"

#include <gtest/gtest.h>

#include <map>

namespace vigor {
namespace {

std::string proxy_of(const std::string& url, const std::map<std::string, std::string>& values) {
  return environment_proxy(url, [&](const std::string& name) -> std::optional<std::string> {
    const auto it = values.find(name);
    if (it == values.end()) return std::nullopt;
    return it->second;
  });
}

TEST(EnvironmentProxy, IsThatOfTheScheme) {
  const std::map<std::string, std::string> both = {{"http_proxy", "http://plain:1"},
                                                   {"https_proxy", "http://secure:2"}};
  EXPECT_EQ(proxy_of("http://host/v1", both), "http://plain:1");
  EXPECT_EQ(proxy_of("https://host/v1", both), "http://secure:2");
  EXPECT_EQ(proxy_of("HTTPS://host/v1", both), "http://secure:2");
  EXPECT_EQ(proxy_of("https://host/v1", {{"http_proxy", "p:1"}}), "");
  EXPECT_EQ(proxy_of("https://host/v1", {}), "");
}

TEST(EnvironmentProxy, SmallLettersGoFirstAndAllIsLast) {
  EXPECT_EQ(proxy_of("https://h", {{"HTTPS_PROXY", "large"}, {"https_proxy", "small"}}), "small");
  EXPECT_EQ(proxy_of("https://h", {{"HTTPS_PROXY", "large"}, {"https_proxy", ""}}), "large");
  EXPECT_EQ(proxy_of("https://h", {{"ALL_PROXY", "all"}}), "all");
  EXPECT_EQ(proxy_of("http://h", {{"ALL_PROXY", "all"}, {"HTTP_PROXY", "by a header"}}), "all");
}

TEST(EnvironmentProxy, IsPassedByForWhatIsNamed) {
  const auto direct = [](const std::string& host, const std::string& no_proxy) {
    return proxy_of("https://" + host + "/v1", {{"https_proxy", "p"}, {"NO_PROXY", no_proxy}})
        .empty();
  };
  EXPECT_TRUE(direct("judge.example.org:8443", "*"));
  EXPECT_TRUE(direct("judge.example.org", "localhost, example.org"));
  EXPECT_TRUE(direct("judge.example.org", ".example.org"));
  EXPECT_TRUE(direct("Example.ORG.", "EXAMPLE.org"));
  EXPECT_FALSE(direct("badexample.org", "example.org"));
  EXPECT_FALSE(direct("example.org", "judge.example.org"));
  EXPECT_FALSE(direct("example.org", " ,, "));
  EXPECT_TRUE(direct("10.1.2.3:9000", "10.0.0.0/8"));
  EXPECT_TRUE(direct("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(direct("11.1.2.3", "10.0.0.0/8"));
  EXPECT_FALSE(direct("10.1.2.3", "2.3"));
  EXPECT_FALSE(direct("10.1.2.3", "10.0.0.0/99"));
  EXPECT_FALSE(direct("10.1.2.3", "10.0.0.0/x"));
  EXPECT_TRUE(direct("[fd00::7]:9000", "fd00::/8"));
  EXPECT_TRUE(direct("[fd00::7]", "[fd00::7]"));
  EXPECT_FALSE(direct("[fd00::7]", "10.0.0.0/8"));
}

TEST(EnvironmentProxy, IsNeverForThisMachine) {
  for (const char* url : {"http://127.0.0.1:8000/v1", "http://localhost/v1", "http://127.8.9.1",
                          "http://[::1]:8000/v1", "http://vllm.localhost:1"}) {
    EXPECT_EQ(proxy_of(url, {{"http_proxy", "http://proxy:3128"}}), "") << url;
  }
  EXPECT_EQ(proxy_of("http://127.0.0.1.example.org/v1", {{"http_proxy", "p"}}), "p");
}

}  // namespace
}  // namespace vigor
