#include "judges/judge/judge_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryFolder;

constexpr const char* kPlanted = "sk-PLANTED0123456789";

Environment environment(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto it = values.find(name);
    if (it == values.end()) return std::nullopt;
    return it->second;
  };
}

HttpChatOptions parse(const Json& config, std::map<std::string, std::string> values = {},
                      Keys keys = Keys::kFetch) {
  return parse_judge_config(config, "judge.json", "configs", environment(std::move(values)), keys);
}

Json minimal(const Json& more = Json::object()) {
  Json config = {{"url", "https://host/v1"}, {"model", "m"}};
  config.update(more);
  return config;
}

// What is said of a configuration; never with the planted key in it.
std::string config_refusal(const Json& config, std::map<std::string, std::string> values = {}) {
  try {
    parse(config, std::move(values));
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("PLANTED")));
    return error.what();
  }
  return "no error";
}

TEST(JudgeConfig, WhatIsNotSaidHasTheClientsDefaults) {
  const HttpChatOptions options = parse(minimal());
  const HttpChatOptions defaults;
  EXPECT_EQ(options.base_url, "https://host/v1");
  EXPECT_EQ(options.model, "m");
  EXPECT_TRUE(options.api_key.empty());
  EXPECT_EQ(options.timeout_s, defaults.timeout_s);
  EXPECT_EQ(options.max_in_flight, defaults.max_in_flight);
  EXPECT_TRUE(options.verify_tls);
  EXPECT_FALSE(options.budget.has_value());
}

TEST(JudgeConfig, EverythingCanBeSaid) {
  const HttpChatOptions options = parse(
      minimal({{"organisation", "org"},
               {"headers", {{"X-Title", "eval"}, {"api-key", {{"env", "OTHER_KEY"}}}}},
               {"connect_timeout_s", 1.5},
               {"timeout_s", 20},
               {"low_speed_bytes_s", 2},
               {"low_speed_time_s", 3},
               {"max_in_flight", 7},
               {"requests_per_minute", 60},
               {"tokens_per_minute", 9000},
               {"max_tries", 2},
               {"backoff_base_s", 0.5},
               {"backoff_cap_s", 5},
               {"max_retry_after_s", 50},
               {"max_reply_bytes", 1000},
               {"verify_tls", false},
               {"ca_file", "ca.pem"},
               {"proxy", "http://proxy:3128"},
               {"offers_schema", false},
               {"offers_logprobs", false},
               {"max_tokens_key", "max_completion_tokens"},
               {"extra_body", {{"reasoning_effort", "low"}}},
               {"image_tokens", 800},
               {"prices",
                {{"input_per_million", 1}, {"output_per_million", 2.5}, {"currency", "EUR"}}}}),
      {{"OTHER_KEY", kPlanted}});
  EXPECT_EQ(options.organisation, "org");
  ASSERT_EQ(options.headers.size(), 1u);
  EXPECT_EQ(options.headers[0].second, "eval");
  ASSERT_EQ(options.secret_headers.size(), 1u);
  EXPECT_EQ(options.secret_headers[0].first, "api-key");
  EXPECT_EQ(options.secret_headers[0].second.reveal(), kPlanted);
  EXPECT_EQ(options.connect_timeout_s, 1.5);
  EXPECT_EQ(options.max_in_flight, 7);
  EXPECT_EQ(options.requests_per_minute, 60);
  EXPECT_EQ(options.max_tries, 2);
  EXPECT_EQ(options.max_reply_bytes, 1000u);
  EXPECT_FALSE(options.verify_tls);
  EXPECT_EQ(options.ca_file, "configs/ca.pem");
  EXPECT_EQ(options.proxy, "http://proxy:3128");
  EXPECT_FALSE(options.offers_schema);
  EXPECT_EQ(options.max_tokens_key, "max_completion_tokens");
  EXPECT_EQ(options.extra_body["reasoning_effort"], "low");
  EXPECT_EQ(options.image_tokens, 800);
  EXPECT_EQ(options.prices.output_per_million, 2.5);
  EXPECT_EQ(options.prices.currency, "EUR");
}

TEST(JudgeConfig, MistakesAreNamed) {
  EXPECT_THAT(config_refusal(Json::object()), HasSubstr("judge.json: key 'url' is missing"));
  EXPECT_THAT(config_refusal(minimal({{"max_trys", 3}})),
              AllOf(HasSubstr("unknown key 'max_trys'"), HasSubstr("did you mean 'max_tries'")));
  EXPECT_THAT(config_refusal(minimal({{"max_tries", "3"}})), HasSubstr("must be a whole number"));
  EXPECT_THAT(config_refusal(minimal({{"max_in_flight", 4294967297}})),
              HasSubstr("must be between 0 and"));
  EXPECT_THAT(config_refusal(minimal({{"prices", {{"input_per_million", 1}}}})),
              HasSubstr("judge.json: prices: key 'output_per_million' is missing"));
  EXPECT_THAT(config_refusal(minimal({{"headers", 3}})), HasSubstr("headers: expected an object"));
  EXPECT_THAT(config_refusal(minimal({{"headers", {{"X-A", {{"variable", "A"}}}}}})),
              HasSubstr("unknown key 'variable'"));
}

TEST(JudgeConfig, TheKeyComesFromItsVariable) {
  EXPECT_EQ(
      parse(minimal({{"key_env", "MY_KEY"}}), {{"MY_KEY", std::string(" ") + kPlanted + "\n"}})
          .api_key.reveal(),
      kPlanted);
  EXPECT_THAT(config_refusal(minimal({{"key_env", "MY_KEY"}})),
              HasSubstr("the environment variable MY_KEY is not set"));
  EXPECT_THAT(config_refusal(minimal({{"key_env", "MY_KEY"}}), {{"MY_KEY", ""}}),
              HasSubstr("is not set"));
  EXPECT_THAT(
      config_refusal(minimal({{"key_env", "MY_KEY"}}), {{"MY_KEY", "PLANTED\nHost: evil"}}),
      HasSubstr("environment variable MY_KEY: the key holds characters that no header may"));
}

TEST(JudgeConfig, NoKeyIsFetchedWhereNoneIsNeeded) {
  const Json config = minimal({{"key_env", "MY_KEY"}, {"key_file", "missing"}});
  EXPECT_TRUE(parse(config, {{"MY_KEY", kPlanted}}, Keys::kLeave).api_key.empty());
}

TEST(JudgeConfig, AKeyFileThatOthersMayReadIsRefused) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("judge.key", std::string(kPlanted) + "\n");
  const auto read = [&]() -> std::string {
    try {
      return parse_judge_config(minimal({{"key_file", "judge.key"}}), "judge.json", folder.path(),
                                environment({}), Keys::kFetch)
          .api_key.reveal();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("PLANTED")));
      return error.what();
    }
  };
  for (const mode_t mode : {0644, 0640, 0604, 0620}) {
    ::chmod(file.c_str(), mode);
    EXPECT_THAT(read(), HasSubstr("the key lies open to other users")) << mode;
  }
  ::chmod(file.c_str(), 0600);
  EXPECT_EQ(read(), kPlanted);
  ::chmod(file.c_str(), 0400);
  EXPECT_EQ(read(), kPlanted);

  fs::remove(file);
  EXPECT_THAT(read(), HasSubstr("the key cannot be read: No such file"));
  fs::create_directory(file);
  EXPECT_THAT(read(), HasSubstr("the key's path is no file"));
  fs::remove(file);
  ::chmod(folder.write("judge.key", "\n").c_str(), 0600);
  EXPECT_THAT(read(), HasSubstr("the file of the key is empty"));
  folder.write("judge.key", "PLANTED\nsecond line");
  EXPECT_THAT(read(), HasSubstr("characters that no header may"));
  folder.write("judge.key", std::string(20'000, 'k'));
  EXPECT_THAT(read(), HasSubstr("too long for a key"));
}

TEST(JudgeConfig, TheVariableGoesBeforeTheFile) {
  const Json config = minimal({{"key_env", "MY_KEY"}, {"key_file", "/nowhere/key"}});
  EXPECT_EQ(parse(config, {{"MY_KEY", kPlanted}}).api_key.reveal(), kPlanted);
  EXPECT_THAT(config_refusal(config), HasSubstr("/nowhere/key: the key cannot be read"));
}

TEST(JudgeConfig, HomeIsWhatTheEnvironmentSays) {
  EXPECT_THAT(config_refusal(minimal({{"key_file", "~/judge.key"}}), {{"HOME", "/nowhere/home"}}),
              HasSubstr("/nowhere/home/judge.key: the key cannot be read"));
}

// Where a key is easily put by mistake, it is refused and not repeated (config_refusal() checks
// that).
TEST(JudgeConfig, AKeyInTheConfigurationIsRefusedAndNotRepeated) {
  for (const char* key : {"key", "api_key", "token"}) {
    EXPECT_THAT(config_refusal(minimal({{key, kPlanted}})), HasSubstr("is not taken"));
  }
  EXPECT_THAT(config_refusal(minimal({{"key_env", kPlanted}})),
              HasSubstr("no name of an environment variable"));
  EXPECT_THAT(config_refusal(minimal({{"key_env", {{"value", kPlanted}}}})),
              HasSubstr("must be text"));
  EXPECT_THAT(config_refusal(minimal({{"key_file", {kPlanted}}})), HasSubstr("must be text"));
  for (const char* name : {"Authorization", "api-key", "X-Auth-Token", "Cookie"}) {
    EXPECT_THAT(config_refusal(minimal({{"headers", {{name, kPlanted}}}})),
                HasSubstr("works as a key and is written out"));
  }
  EXPECT_THAT(config_refusal(minimal({{"headers", {{"X-Title", {kPlanted}}}}})),
              HasSubstr("must be text"));
  EXPECT_THAT(config_refusal(minimal({{"url", "https://user:PLANTED@host/v1"}})),
              HasSubstr("the address holds a user name or password"));
  EXPECT_THAT(config_refusal(minimal({{"url", "https://host/v1?api-version=1&api_key=PLANTED"}})),
              HasSubstr("a parameter that works as a key"));
  EXPECT_THAT(config_refusal(minimal({{"proxy", "http://user:PLANTED@proxy:3128"}})),
              HasSubstr("judge.json: proxy: the address holds"));
  EXPECT_THAT(config_refusal(minimal({{"proxy", "user:PLANTED@proxy:3128"}})),
              HasSubstr("judge.json: proxy: the address holds"));
  EXPECT_EQ(parse(minimal({{"url", "https://host/v1?api-version=2024"}})).base_url,
            "https://host/v1?api-version=2024");
}

TEST(JudgeConfig, ABrokenFileIsNotQuoted) {
  const TemporaryFolder folder;
  for (const char* text : {R"({"url": "http://h/v1", "api_key": "sk-PLANTED)",
                           R"({"api_key" "sk-PLANTED"})", "{\"api_key\": sk-PLANTED}"}) {
    try {
      read_judge_config(folder.write("judge.json", text), environment({}), Keys::kFetch);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("judge.json:1:"), HasSubstr("not valid JSON"),
                                      Not(HasSubstr("PLANT")), Not(HasSubstr("sk-"))));
    }
  }
}

TEST(JudgeConfig, AnAddressNamesItsModel) {
  const Environment none = environment({});
  const HttpChatOptions options =
      parse_endpoint_address("http://127.0.0.1:8000/v1#org/name", none, Keys::kFetch);
  EXPECT_EQ(options.base_url, "http://127.0.0.1:8000/v1");
  EXPECT_EQ(options.model, "org/name");
  EXPECT_TRUE(options.api_key.empty());
  EXPECT_TRUE(options.offers_schema);
  EXPECT_EQ(parse_endpoint_address("http://h/v1#m", environment({{"VIGOR_API_KEY", kPlanted}}),
                                   Keys::kFetch)
                .api_key.reveal(),
            kPlanted);
  EXPECT_THROW(parse_endpoint_address("http://h/v1", none, Keys::kFetch), Error);
  EXPECT_THROW(parse_endpoint_address("http://user:pass@h/v1#m", none, Keys::kFetch), Error);
}

TEST(JudgeConfig, TheEnvironmentNamesTheProxyUnlessTheConfigurationDoes) {
  const std::map<std::string, std::string> values = {
      {"HTTPS_PROXY", "http://user:secret@theirs:1"}};
  EXPECT_EQ(parse(minimal(), values).proxy, "http://user:secret@theirs:1");
  EXPECT_EQ(parse(minimal({{"proxy", "http://ours:2"}}), values).proxy, "http://ours:2");
  EXPECT_EQ(parse(minimal({{"proxy", ""}}), values).proxy, "");
  EXPECT_EQ(parse_endpoint_address("https://h/v1#m", environment(values), Keys::kLeave).proxy,
            "http://user:secret@theirs:1");
}

TEST(JudgeConfig, ShippedConfigurationsAreRead) {
  size_t read = 0;
  for (const auto& entry : fs::directory_iterator(testing::source_dir() / "configs/judges")) {
    const HttpChatOptions options =
        read_judge_config(entry.path(), environment({{"OPENAI_API_KEY", "k"}}), Keys::kFetch);
    EXPECT_FALSE(options.model.empty()) << entry.path();
    ++read;
  }
  EXPECT_GE(read, 3u);
}

}  // namespace
}  // namespace vigor
