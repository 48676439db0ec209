// What a judge may cost, over all starts of a run however they end; through the built program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>

#include "tests/testing/chat_server.h"
#include "tests/testing/judged_runs.h"
#include "tests/testing/naive_judge.h"

namespace vigor::testing {
namespace {

using ::testing::HasSubstr;

class EndToEndBudget : public JudgedRuns, public ::testing::WithParamInterface<const char*> {
 protected:
  // A reply costs 0.0045; the worst case of a request is more, by the bytes of the prompt.
  static ServerAnswer dear_answer(const ServerRequest& request) {
    return chat_answer(judgement_of(request.prompt()), 4000, 500);
  }
  void write_dear_judge(const ChatServer& server, int in_flight) {
    write_judge(server.base_url(),
                {{"max_in_flight", in_flight},
                 {"prices", {{"input_per_million", 1}, {"output_per_million", 1}}}});
  }
  SpawnResult run(const std::string& budget, const SpawnOptions& options = {}) const {
    std::vector<std::string> arguments = command(GetParam(), "run");
    if (!budget.empty()) arguments.insert(arguments.end(), {"--budget", budget});
    return spawn(VIGOR_PROGRAM, arguments, options);
  }
  Json spending() const { return read_json_file(folder_ / "run/run/judge_spending.json"); }
};

INSTANTIATE_TEST_SUITE_P(Judged, EndToEndBudget, ::testing::Values("rank", "mmhal"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(EndToEndBudget, HoldsForAllStartsOfARun) {
  ChatServer server(dear_answer);
  write_dear_judge(server, 1);
  // Spent without a budget it counts as well.
  std::atomic<bool> interrupted = false;
  ASSERT_EQ(run("", {.meanwhile =
                         [&](pid_t process) {
                           if (interrupted || server.requests() < 2) return;
                           ::kill(process, SIGINT);
                           interrupted = true;
                         }})
                .exit_code,
            130);
  const size_t first = server.requests();
  EXPECT_NEAR(spending()["spent"].get<double>(), 0.0045 * static_cast<double>(first), 1e-9);
  const std::string budget = dump_json(0.0045 * static_cast<double>(first) + 0.02);
  const SpawnResult second = run(budget);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr("has no room for another request"));
  EXPECT_THAT(second.err, HasSubstr("by earlier starts"));
  const size_t asked = server.requests();
  EXPECT_GT(asked, first);
  EXPECT_LT(asked, first + 5);
  EXPECT_EQ(run(budget).exit_code, 1);
  EXPECT_EQ(server.requests(), asked) << "a start spends nothing anew";
  const SpawnResult last = run("1");
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_THAT(last.err, ::testing::ContainsRegex("judge cost .* USD; 0.0[0-9]* by earlier starts"));
  EXPECT_EQ(server.requests(), calls(GetParam()));
  EXPECT_NEAR(spending()["spent"].get<double>(), 0.0045 * static_cast<double>(calls(GetParam())),
              1e-9);
  EXPECT_EQ(spending()["unknown"], 0);
}

TEST_P(EndToEndBudget, WhatAKillLeavesUnderWayCounts) {
  ChatServer server([](const ServerRequest& request) {
    ServerAnswer answer = dear_answer(request);
    answer.delay_s = 60;
    return answer;
  });
  write_dear_judge(server, 2);
  constexpr double kBudget = 0.04;
  size_t kills = 0;
  SpawnResult result;
  for (; kills < 20; ++kills) {
    const size_t before = server.requests();
    result = run(dump_json(kBudget), {.meanwhile = [&](pid_t process) {
                   if (server.requests() > before) ::kill(process, SIGKILL);
                 }});
    if (result.signal != SIGKILL) break;
    EXPECT_GT(spending()["reserved"].get<double>(), 0);
  }
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("has no room for another request"));
  EXPECT_GT(kills, 0u);
  EXPECT_LT(kills, 20u);
  EXPECT_EQ(spending()["spent"], 0);
  EXPECT_LE(spending()["unknown"].get<double>(), kBudget);
  // Every request that the server saw is in it: the bytes of the prompt and 1024 tokens of reply.
  EXPECT_GE(spending()["unknown"].get<double>(), 0.002 * static_cast<double>(server.requests()));
}

TEST_F(JudgedRuns, EndToEndBudgetNeedsPrices) {
  ChatServer server([](const ServerRequest&) { return chat_answer("-"); });
  std::vector<std::string> arguments = command("mmhal", "run");
  arguments[2] = server.base_url() + "#m";
  arguments.insert(arguments.end(), {"--budget", "1"});
  const SpawnResult result = spawn(VIGOR_PROGRAM, arguments);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--budget needs prices"));
  EXPECT_THAT(result.err, HasSubstr("name the judge by a file"));
  EXPECT_EQ(server.requests(), 0u);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/run"));
}

// Restores what it sets.
class EndToEndProxy : public JudgedRuns {
 protected:
  void TearDown() override {
    for (const char* name : {"http_proxy", "no_proxy"}) ::unsetenv(name);
  }
  SpawnResult run() {
    write_judge("http://judge.invalid/v1", {{"max_tries", 1}, {"connect_timeout_s", 5}});
    return spawn(VIGOR_PROGRAM, command("mmhal", "run"));
  }
};

TEST_F(EndToEndProxy, OfTheEnvironmentIsAskedAndItsPasswordIsNowhere) {
  ChatServer proxy([](const ServerRequest& request) {
    EXPECT_EQ(request.target, "http://judge.invalid/v1/chat/completions");
    const std::string sent = request.headers.at("proxy-authorization");
    return chat_answer(judgement_of(request.prompt()) + "\nYou sent " + sent);
  });
  const std::string port = std::to_string(proxy.port());
  ::setenv("http_proxy", ("http://user:PLANTED-password@127.0.0.1:" + port).c_str(), 1);
  const SpawnResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(proxy.requests(), size_t{kRecords});
  EXPECT_EQ(run_json("run")["judge_usage"]["proxy"], "http://127.0.0.1:" + port);
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const std::string text = read_file(entry.path());
    EXPECT_EQ(text.find("PLANTED"), std::string::npos) << entry.path();
    EXPECT_EQ(text.find("UExBTlRFRC1wYXNzd29yZ"), std::string::npos) << entry.path();
  }
  EXPECT_GT(files, 5u);
  EXPECT_EQ((result.out + result.err).find("PLANTED"), std::string::npos);
}

TEST_F(EndToEndProxy, IsPassedByForWhatNoProxyNames) {
  ChatServer proxy([](const ServerRequest&) { return chat_answer("Rating: 3"); });
  ::setenv("http_proxy", ("http://127.0.0.1:" + std::to_string(proxy.port())).c_str(), 1);
  ::setenv("no_proxy", "example.org,.invalid", 1);
  EXPECT_EQ(run().exit_code, 1);
  EXPECT_EQ(proxy.requests(), 0u);
}

}  // namespace
}  // namespace vigor::testing
