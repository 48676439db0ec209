// Keys that are planted and must be found nowhere, whatever the endpoint does with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/base64.h"
#include "base/files.h"
#include "base/json.h"
#include "tests/testing/chat_server.h"
#include "tests/testing/judged_runs.h"
#include "tests/testing/naive_judge.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using testing::chat_answer;
using testing::ChatServer;
using testing::error_answer;
using ::testing::HasSubstr;
using testing::ServerRequest;
using testing::spawn;
using testing::SpawnResult;

// With characters that URLs and JSON write otherwise.
const std::string kKey = "sk-PLANTED/+\"4242==Zz";
const std::string kHeaderKey = "hk-PLANTED+header/0123?x";

std::string encoded(const std::string& text, const char* format, bool all) {
  std::string out;
  for (const unsigned char c : text) {
    char piece[4];
    std::snprintf(piece, sizeof piece, format, c);
    out += !all && std::isalnum(c) != 0 ? std::string(1, static_cast<char>(c)) : piece;
  }
  return out;
}

// The forms in which a key leaks; base64 of longer texts at its three offsets, less what the
// neighbours change.
std::vector<std::string> forms(const std::string& key) {
  const std::string json = dump_json(key);
  std::vector<std::string> found = {key, encoded(key, "%%%02X", false),
                                    encoded(key, "%%%02x", false), encoded(key, "%02x", true),
                                    json.substr(1, json.size() - 2)};
  for (size_t offset = 0; offset < 3; ++offset) {
    const std::string text = base64(std::string(offset, 'x') + key);
    found.push_back(text.substr(offset == 0 ? 0 : 4, text.size() - 8));
  }
  return found;
}

void expect_no_key(const std::string& text, const std::string& where) {
  for (const std::string& key : {kKey, kHeaderKey}) {
    for (const std::string& form : forms(key)) {
      EXPECT_EQ(text.find(form), std::string::npos) << where << " holds " << form;
    }
  }
}

// Everything that a hostile endpoint can say of the keys that it was sent.
std::string echo_of(const ServerRequest& request) {
  const std::string sent =
      request.headers.at("authorization") + " " + request.headers.at("api-key");
  return "you sent " + sent + " or " + base64(sent) + " or " + encoded(sent, "%%%02X", false) +
         " or " + encoded(sent, "%02x", true);
}

class EndToEndJudgeKey : public testing::JudgedRuns {
 protected:
  void SetUp() override {
    ::setenv("VIGOR_TEST_JUDGE_KEY", kKey.c_str(), 1);
    ::chmod(folder_.write("header.key", kHeaderKey + "\n").c_str(), 0600);
  }
  void TearDown() override { ::unsetenv("VIGOR_TEST_JUDGE_KEY"); }

  std::string judge(const ChatServer& server) {
    write_judge(server.base_url(), {{"key_env", "VIGOR_TEST_JUDGE_KEY"},
                                    {"headers", {{"api-key", {{"file", "header.key"}}}}},
                                    {"max_tries", 2}});
    return path("judge.json");
  }

  SpawnResult check(const ChatServer& server, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {
        "judge", "check", "--judge", judge(server), "--judge-cache-file", cache()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return looked_at(arguments);
  }

  SpawnResult looked_at(const std::vector<std::string>& arguments,
                        const testing::SpawnOptions& options = {}) const {
    SpawnResult result = spawn(VIGOR_PROGRAM, arguments, options);
    expect_no_key(result.out, "standard output");
    expect_no_key(result.err, "standard error");
    return result;
  }

  void expect_no_key_in_files() const {
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      if (entry.path().filename() == "header.key" || !entry.is_regular_file()) continue;
      expect_no_key(read_file(entry.path()), entry.path().string());
    }
  }

  std::string cache() const { return path("vigor.db"); }
};

TEST_F(EndToEndJudgeKey, IsNowhereWhenRequestsFail) {
  ChatServer server([](const ServerRequest& request) {
    EXPECT_EQ(request.headers.at("authorization"), "Bearer " + kKey);
    EXPECT_EQ(request.headers.at("api-key"), kHeaderKey);
    return request.index == 0 ? error_answer(401, "Incorrect API key: " + echo_of(request))
                              : error_answer(500, echo_of(request));
  });
  SpawnResult result = check(server);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("401"));
  result = check(server, {"--json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(Json::parse(result.out)["error"].get<std::string>(), HasSubstr("500"));
  EXPECT_EQ(server.requests(), 3u);
  expect_no_key_in_files();
}

TEST_F(EndToEndJudgeKey, IsNowhereWhenTheReplyRepeatsIt) {
  ChatServer server([](const ServerRequest& request) { return chat_answer(echo_of(request)); });
  SpawnResult result = check(server);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("[redacted]"));
  // The second time from the cache.
  result = check(server, {"--json"});
  EXPECT_EQ(Json::parse(result.out)["usage"]["cache_hits"], 1) << result.out;
  EXPECT_EQ(server.requests(), 1u);
  const std::string exported = (folder_ / "replies.jsonl").string();
  looked_at({"judge", "export", "--cache", cache(), "--out", exported});
  EXPECT_THAT(read_file(exported), HasSubstr("[redacted]"));
  expect_no_key_in_files();
}

// Runs with all that they leave behind: folders, cache, report pages, what is printed.
TEST_F(EndToEndJudgeKey, IsNowhereInARun) {
  for (const char* benchmark : {"rank", "mmhal"}) {
    for (const bool fails : {true, false}) {
      ChatServer server([&](const ServerRequest& request) {
        const size_t kind = request.index % 4;
        const std::string echo = echo_of(request);
        if (!fails || kind == 0) {
          return chat_answer(echo + "\n" + testing::judgement_of(request.prompt()));
        }
        if (kind == 1) return error_answer(401, "Incorrect API key: " + echo);
        if (kind == 2) return error_answer(500, echo, {{"X-Echo", echo}});
        testing::ServerAnswer answer = chat_answer("");
        answer.body = dump_json({{"choices",
                                  {{{"message", {{"content", nullptr}, {"refusal", echo}}},
                                    {"finish_reason", "stop"}}}}});
        return answer;
      });
      judge(server);
      const std::string folder = benchmark + std::string(fails ? "-fails" : "");
      const SpawnResult result = looked_at(command(benchmark, folder));
      EXPECT_EQ(result.exit_code, fails ? 1 : 0) << result.err;
      EXPECT_THAT(read_file(folder_ / folder / "run/samples.jsonl"), HasSubstr("[redacted]"));
      EXPECT_TRUE(fs::exists(folder_ / folder / "run/report.html"));
    }
  }
  expect_no_key_in_files();
}

TEST_F(EndToEndJudgeKey, OfAModelBehindAnEndpointIsNowhere) {
  ChatServer server([](const ServerRequest& request) {
    testing::ServerAnswer answer = request.index % 2 == 0
                                       ? error_answer(400, echo_of(request))
                                       : chat_answer("A cat. " + echo_of(request));
    answer.delay_s = 0.2;
    return answer;
  });
  judge(server);
  bool seen = false;
  const SpawnResult result = looked_at(
      {"caption", "--model", "endpoint:" + path("judge.json"), "--images", path("images"),
       "--prompt", "Describe.", "--max-failures", "100", "--out", path("captions.jsonl")},
      {.meanwhile = [&](pid_t process) {
        if (seen || server.requests() == 0) return;
        const std::string limits = read_file("/proc/" + std::to_string(process) + "/limits");
        EXPECT_THAT(limits, ::testing::ContainsRegex("Max core file size *0 *0 "));
        seen = true;
      }});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(seen);
  EXPECT_THAT(result.err, HasSubstr("model requests    8 sent"));
  EXPECT_THAT(read_file(folder_ / "captions.jsonl"), HasSubstr("[redacted]"));
  expect_no_key_in_files();
}

TEST_F(EndToEndJudgeKey, IsInNoCoreOfACrash) {
  ChatServer server([](const ServerRequest& request) {
    testing::ServerAnswer answer = chat_answer(testing::judgement_of(request.prompt()));
    answer.delay_s = 60;
    return answer;
  });
  judge(server);
  const SpawnResult result =
      looked_at(command("rank", "run"), {.meanwhile = [&](pid_t process) {
                  if (server.requests() == 0) return;
                  EXPECT_THAT(read_file("/proc/" + std::to_string(process) + "/limits"),
                              ::testing::ContainsRegex("Max core file size *0 *0 "));
                  ::kill(process, SIGABRT);
                }});
  EXPECT_EQ(result.signal, SIGABRT);
  expect_no_key_in_files();
}

TEST_F(EndToEndJudgeKey, IsNotNeededToReadTheCache) {
  ChatServer server([](const ServerRequest&) { return chat_answer("ready"); });
  EXPECT_EQ(check(server).exit_code, 0);
  ::unsetenv("VIGOR_TEST_JUDGE_KEY");
  SpawnResult result = check(server);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the environment variable VIGOR_TEST_JUDGE_KEY is not set"));
  result = check(server, {"--judge-cache", "read"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("ready"));
  EXPECT_EQ(server.requests(), 1u);
}

}  // namespace
}  // namespace vigor
