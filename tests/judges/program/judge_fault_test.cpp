// What a network, an endpoint and a disk do wrongly, through the built program: nothing is lost,
// nothing is scored that was not judged, and the figures in the end are those of an undisturbed
// run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>

#include "base/random.h"
#include "tests/testing/chat_server.h"
#include "tests/testing/judged_runs.h"
#include "tests/testing/naive_judge.h"
#include "tests/testing/passing_faults.h"

namespace vigor::testing {
namespace {

using ::testing::HasSubstr;

ServerAnswer good_answer(const ServerRequest& request) {
  return chat_answer(judgement_of(request.prompt()));
}

// Ends with the same figures as a run that nothing disturbed, for `rank` and for `mmhal`.
class FaultJudgedRun : public JudgedRuns, public ::testing::WithParamInterface<const char*> {
 protected:
  std::string benchmark() const { return GetParam(); }

  SpawnResult run(const std::string& folder, const SpawnOptions& options = {}) {
    return spawn(VIGOR_PROGRAM, command(benchmark(), folder), options);
  }
  // metrics.json of a run with a judge that is well.
  std::string undisturbed() {
    ChatServer server(good_answer);
    write_judge(server.base_url());
    const SpawnResult result = run("whole");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(server.requests(), calls(benchmark()));
    // The judge's address is said in MMHal's figures.
    Json metrics = Json::parse(metrics_text("whole"));
    metrics.erase("judge");
    return dump_json(metrics);
  }
  std::string figures(const std::string& folder) const {
    Json metrics = Json::parse(metrics_text(folder));
    metrics.erase("judge");
    return dump_json(metrics);
  }
};

INSTANTIATE_TEST_SUITE_P(Judged, FaultJudgedRun, ::testing::Values("rank", "mmhal"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(FaultJudgedRun, EveryPassingFaultInOneRun) {
  const std::string expected = undisturbed();
  std::atomic<size_t> faults = 0;
  ChatServer server([&](const ServerRequest& request) {
    ServerAnswer answer = good_answer(request);
    if (request.index % 2 == 0) passing_faults()[faults++ % passing_faults().size()].apply(answer);
    return answer;
  });
  write_judge(server.base_url());
  const SpawnResult result = run("run");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GE(faults, passing_faults().size());
  EXPECT_EQ(figures("run"), expected);
  // One at least is libcurl's own to try again: a connection that was kept ends before any answer.
  EXPECT_LE(run_json("run")["judge_usage"]["retries"], faults.load());
  EXPECT_GE(run_json("run")["judge_usage"]["retries"], faults - 3);
  EXPECT_EQ(server.requests(), calls(benchmark()) + faults);
}

// What does not pass withholds the figures; the same command asks what is missing, and no more.
TEST_P(FaultJudgedRun, LastingFaultsWithholdTheFiguresUntilTheyAreGone) {
  const std::string expected = undisturbed();
  std::atomic<bool> broken = true;
  ChatServer other([](const ServerRequest&) { return chat_answer("stolen"); });
  ChatServer server([&](const ServerRequest& request) {
    if (!broken || request.index % 2 == 0) return good_answer(request);
    if (request.index % 4 == 1) return chat_answer(std::string(100'000, 'x'));
    ServerAnswer answer;
    answer.status = 307;
    answer.headers = {{"Location", other.base_url() + "/chat/completions"}};
    return answer;
  });
  write_judge(server.base_url(), {{"max_reply_bytes", 50'000}});
  const SpawnResult result = run("run");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the scores are withheld"));
  const Json metrics = Json::parse(metrics_text("run"));
  EXPECT_TRUE(benchmark() == "rank" ? metrics["models"]["good"]["HL"].is_null()
                                    : metrics["average"].is_null());
  EXPECT_EQ(other.connections(), 0u);
  const size_t asked = server.requests();
  EXPECT_EQ(asked, calls(benchmark()));
  broken = false;
  const SpawnResult again = run("run");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(server.requests(), asked + asked / 2);
  EXPECT_EQ(figures("run"), expected);
}

// Replies that come a byte at a time.
TEST_P(FaultJudgedRun, SlowRepliesAreGivenUpAndAskedForAgain) {
  const std::string expected = undisturbed();
  ChatServer server([](const ServerRequest& request) {
    ServerAnswer answer = good_answer(request);
    if (request.index < 5) {
      answer.drip_bytes = 1;
      answer.drip_s = 0.05;
    }
    return answer;
  });
  write_judge(server.base_url(), {{"low_speed_bytes_s", 1000}, {"low_speed_time_s", 0.1}});
  const SpawnResult result = run("run");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(figures("run"), expected);
  EXPECT_EQ(server.requests(), calls(benchmark()) + 5);
  EXPECT_EQ(run_json("run")["judge_usage"]["retries"], 5);
}

TEST_P(FaultJudgedRun, ACertificateIsAcceptedWhenItIsTrustedAndNotBefore) {
  const std::string expected = undisturbed();
  ChatServer server(good_answer, {.tls = true});
  write_judge(server.base_url());
  const SpawnResult result = run("run");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("certificate is not accepted"));
  EXPECT_EQ(server.requests(), 0u);
  folder_.write("ca.pem", server.certificate());
  write_judge(server.base_url(), {{"ca_file", "ca.pem"}});
  const SpawnResult again = run("run");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(figures("run"), expected);
}

TEST_P(FaultJudgedRun, AServerThatIsNotThereIsAskedByTheNextRun) {
  const std::string expected = undisturbed();
  ChatServer server(good_answer);
  // The judge keeps its address; who listens there changes.
  const std::string refused = refusing_url();
  write_judge("http://judge.invalid/v1",
              {{"proxy", refused.substr(0, refused.size() - 3)}, {"max_tries", 2}});
  const SpawnResult result = run("run");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("warning: the judge: no connection"));
  EXPECT_THAT(result.err, HasSubstr("after try 1 of 2 it is asked again in less than 1 s"));
  write_judge("http://judge.invalid/v1",
              {{"proxy", "http://127.0.0.1:" + std::to_string(server.port())}});
  const SpawnResult again = run("run");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(figures("run"), expected);
}

TEST_P(FaultJudgedRun, AnInterruptTakesWhatIsUnderWayAndTheRunGoesOn) {
  const std::string expected = undisturbed();
  std::atomic<bool> interrupted = false;
  ChatServer server([&](const ServerRequest& request) {
    ServerAnswer answer = good_answer(request);
    // Held back until the signal was sent: these are under way then.
    if (!interrupted) answer.delay_s = 0.1;
    return answer;
  });
  write_judge(server.base_url(), {{"max_in_flight", 3}});
  const SpawnResult result = run("run", {.meanwhile = [&](pid_t process) {
                                   if (interrupted || server.requests() == 0) return;
                                   ::kill(process, SIGINT);
                                   interrupted = true;
                                 }});
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.err, HasSubstr("the same command goes on from there"));
  EXPECT_LT(server.requests(), calls(benchmark()));
  EXPECT_EQ(samples("run"), server.requests());
  EXPECT_EQ(run("run").exit_code, 0);
  EXPECT_EQ(server.requests(), calls(benchmark()));
  EXPECT_EQ(figures("run"), expected);
}

// Killed again and again, each time after some more requests or some more time, until it ends.
TEST_P(FaultJudgedRun, KilledAtAnyMomentItEndsWithTheSameFigures) {
  const std::string expected = undisturbed();
  constexpr size_t kInFlight = 2;
  ChatServer server(good_answer);
  write_judge(server.base_url(), {{"max_in_flight", kInFlight}});
  CounterRandom random(17, benchmark());
  size_t kills = 0;
  for (int round = 0; round < 8; ++round) {
    const size_t after = server.requests() + random.below(4);
    int waits = static_cast<int>(random.below(12));
    const SpawnResult result = run("run", {.meanwhile = [&](pid_t process) {
                                     if (waits-- <= 0 || server.requests() > after) {
                                       ::kill(process, SIGKILL);
                                     }
                                   }});
    if (result.signal == SIGKILL) ++kills;
  }
  EXPECT_GT(kills, 0u);
  const SpawnResult result = run("run");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(figures("run"), expected);
  EXPECT_EQ(samples("run"), calls(benchmark()));
  // What a kill can lose is what was under way.
  EXPECT_LE(server.requests(), calls(benchmark()) + kills * kInFlight);
}

// A disk of its own that is really full: first for the cache, then for the run folder.
TEST_P(FaultJudgedRun, AFullDiskEndsTheRunAndLosesNothing) {
  const std::string expected = undisturbed();
  ChatServer server(good_answer);
  write_judge(server.base_url(), {{"max_in_flight", 1}});
  folder_.write("disk/here", "");
  std::string line;
  for (const std::string& argument : command(benchmark(), "run")) line += " '" + argument + "'";
  const std::string run_line = std::string("\"") + VIGOR_PROGRAM + "\"" + line;
  const std::string disk = path("disk");
  // In a namespace of its own: nobody else sees the disk. Code 77: this may not be done here.
  const auto on_a_disk = [&](const std::string& size, const std::string& commands) {
    return spawn("/usr/bin/unshare", {"--map-root-user", "--mount", "/bin/sh", "-c",
                                      "mount -t tmpfs -o size=" + size + " tmpfs '" + disk +
                                          "' || exit 77; " + commands});
  };
  const SpawnResult cache = on_a_disk(
      "96k", run_line + " --judge-cache-file '" + disk + "/vigor.db'; echo code $?; " +
                 "mount -o remount,size=64m '" + disk + "'; " + run_line + " --judge-cache-file '" +
                 disk + "/vigor.db' --json >/dev/null; echo code $?");
  if (cache.exit_code == 77 || cache.exit_code == 127 || cache.exit_code == 1) {
    GTEST_SKIP() << "no mounts in a namespace of one's own here: " << cache.err;
  }
  EXPECT_THAT(cache.out, HasSubstr("code 1\n"));
  EXPECT_THAT(cache.err, HasSubstr("no space left on the disk for the cache of judge replies"));
  EXPECT_TRUE(cache.out.ends_with("code 0\n")) << cache.out << cache.err;
  EXPECT_EQ(figures("run"), expected);
  // The reply that could not be kept was used all the same.
  EXPECT_EQ(server.requests(), calls(benchmark()));
}

}  // namespace
}  // namespace vigor::testing
