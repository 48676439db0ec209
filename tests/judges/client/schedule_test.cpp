// The whole policy of the client against endpoints that exist on paper, on a clock of its own.
#include "judges/client/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <vector>

namespace vigor {
namespace {

using What = Schedule::Step::What;

HttpResult with_status(long status, std::string body = "{}") {
  HttpResult result;
  result.sent = true;
  result.status = status;
  result.body = std::move(body);
  return result;
}

HttpResult good(int64_t prompt = 100, int64_t completion = 10) {
  const Json body = {{"choices", {{{"message", {{"content", "yes"}}}, {"finish_reason", "stop"}}}},
                     {"usage", {{"prompt_tokens", prompt}, {"completion_tokens", completion}}}};
  return with_status(200, body.dump());
}

// Runs a schedule in virtual time against an endpoint that answers after `latency` seconds.
struct Simulation {
  explicit Simulation(HttpChatOptions options_)
      : schedule(std::move(options_), {1, "simulation"}) {}

  HttpChatOptions static options() {
    HttpChatOptions out;
    out.model = "m";
    return out;
  }

  void run(size_t count, const std::function<HttpResult(size_t index, double now)>& endpoint) {
    using Answer = std::tuple<double, size_t, HttpResult>;
    const auto later = [](const Answer& a, const Answer& b) {
      return std::get<0>(a) > std::get<0>(b);
    };
    std::priority_queue<Answer, std::vector<Answer>, decltype(later)> answers(later);
    schedule.begin(count, now);
    for (;;) {
      const Schedule::Step step = schedule.step(now);
      if (step.what == What::kEnd) break;
      if (step.what == What::kMake) {
        schedule.made(step.index, tokens);
        most_held = std::max(most_held, ++held);
        continue;
      }
      if (step.what == What::kSend) {
        sent.emplace_back(now, step.index);
        most_in_flight = std::max(most_in_flight, schedule.in_flight());
        answers.emplace(now + latency, step.index, endpoint(step.index, now));
        continue;
      }
      const double until = step.what == What::kWait ? step.until : 1e300;
      ASSERT_GT(until, now) << "a wait that is over";
      if (!answers.empty() && std::get<0>(answers.top()) <= until) {
        const auto [at, index, result] = answers.top();
        answers.pop();
        now = at;
        Outcome outcome = read_outcome(result, now);
        if (schedule.ended(index, outcome, now)) {
          --held;
          ended.push_back(index);
          if (outcome.reply.error.empty()) ++good_replies;
          errors.push_back(outcome.reply.error);
        }
      } else {
        ASSERT_LT(until, 1e300) << "waits for answers, and none is under way";
        now = until;
      }
    }
  }

  Schedule schedule;
  TokenEstimate tokens{.prompt_most = 1000, .prompt_expected = 400, .completion_most = 100};
  double latency = 0.2;
  double now = 1000;
  std::vector<std::pair<double, size_t>> sent;
  std::vector<size_t> ended;
  std::vector<std::string> errors;
  size_t good_replies = 0, most_in_flight = 0, held = 0, most_held = 0;
};

TEST(Schedule, AsksEachRequestOnceWhenAllGoesWell) {
  Simulation simulation(Simulation::options());
  simulation.run(1000, [](size_t, double) { return good(); });
  EXPECT_EQ(simulation.sent.size(), 1000u);
  EXPECT_EQ(simulation.good_replies, 1000u);
  EXPECT_EQ(simulation.most_in_flight, 64u);
  EXPECT_NEAR(simulation.now - 1000, 0.2 * 16, 1e-6);
  std::sort(simulation.ended.begin(), simulation.ended.end());
  EXPECT_EQ(std::unique(simulation.ended.begin(), simulation.ended.end()), simulation.ended.end());
}

TEST(Schedule, NothingToAskEndsAtOnce) {
  Simulation simulation(Simulation::options());
  simulation.run(0, [](size_t, double) { return good(); });
  EXPECT_EQ(simulation.schedule.why_ended(), Schedule::Ended::kNot);
}

TEST(Schedule, TriesAgainAfterPassingErrorsOnly) {
  for (const long status : {408, 409, 425, 429, 500, 502, 503, 504, 529}) {
    Simulation simulation(Simulation::options());
    simulation.run(1, [&](size_t, double) {
      return simulation.sent.size() < 3 ? with_status(status) : good();
    });
    EXPECT_EQ(simulation.good_replies, 1u) << status;
    EXPECT_EQ(simulation.sent.size(), 3u) << status;
  }
  for (const long status : {301, 307, 400, 401, 403, 404, 413, 422}) {
    Simulation simulation(Simulation::options());
    simulation.run(1, [&](size_t, double) { return with_status(status); });
    EXPECT_EQ(simulation.sent.size(), 1u) << status;
    EXPECT_THAT(simulation.errors.at(0), ::testing::StartsWith("HTTP " + std::to_string(status)));
  }
}

TEST(Schedule, GivesUpAfterMaxTriesAndSaysSo) {
  HttpChatOptions options = Simulation::options();
  options.max_tries = 3;
  Simulation simulation(options);
  simulation.run(1, [](size_t, double) { return with_status(500); });
  EXPECT_EQ(simulation.sent.size(), 3u);
  EXPECT_EQ(simulation.errors.at(0), "HTTP 500 (after 3 tries)");
}

TEST(Schedule, A500ThatLastsAnHourLosesNothing) {
  HttpChatOptions options = Simulation::options();
  options.max_tries = 200;
  Simulation simulation(options);
  const double up_again = simulation.now + 3600;
  simulation.run(500,
                 [&](size_t, double now) { return now < up_again ? with_status(500) : good(); });
  EXPECT_EQ(simulation.good_replies, 500u);
  EXPECT_LT(simulation.now, up_again + 300);
  EXPECT_LE(simulation.most_held, 64u) << "waiting requests are not piled up";
  // 64 requests that each wait 30 s on average: no hammering.
  EXPECT_LT(simulation.sent.size(), 64u * 3600 / 25);
}

TEST(Schedule, A500ThatLastsAnHourEndsAsFailuresWithFewTries) {
  Simulation simulation(Simulation::options());
  simulation.run(100, [&](size_t, double now) { return now < 4600 ? with_status(500) : good(); });
  EXPECT_EQ(simulation.ended.size(), 100u);
  EXPECT_EQ(simulation.good_replies, 0u);
}

TEST(Schedule, AStormOf429HalvesUntilTheEndpointBearsIt) {
  HttpChatOptions options = Simulation::options();
  options.max_in_flight = 256;
  options.max_tries = 50;
  Simulation simulation(options);
  // Bears 20 at once; who comes beyond is refused.
  simulation.run(3000, [&](size_t, double) {
    return simulation.schedule.in_flight() > 20 ? with_status(429) : good();
  });
  EXPECT_EQ(simulation.good_replies, 3000u);
  EXPECT_LE(simulation.schedule.concurrency(), 40);
  EXPECT_LT(simulation.sent.size(), 3000u * 5 / 4) << "most were sent when they were borne";
}

TEST(Schedule, RetryAfterHoldsEverybody) {
  HttpChatOptions options = Simulation::options();
  options.max_in_flight = 4;
  Simulation simulation(options);
  simulation.run(40, [&](size_t, double now) {
    if (now > 1000.5 && now < 1007) {
      HttpResult refused = with_status(429);
      refused.retry_after = "30";
      return refused;
    }
    return good();
  });
  EXPECT_EQ(simulation.good_replies, 40u);
  for (const auto& [at, index] : simulation.sent) {
    EXPECT_TRUE(at < 1000.81 || at > 1030) << at;
  }
}

TEST(Schedule, ARetryAfterBeyondReasonFailsTheRequest) {
  Simulation simulation(Simulation::options());
  simulation.run(1, [](size_t, double) {
    HttpResult refused = with_status(429);
    refused.retry_after = "86400";
    return refused;
  });
  EXPECT_EQ(simulation.sent.size(), 1u);
  EXPECT_THAT(simulation.errors.at(0), ::testing::HasSubstr("asks to wait 24 h 00 min"));
}

TEST(Schedule, KeepsToRequestsAMinute) {
  HttpChatOptions options = Simulation::options();
  options.requests_per_minute = 120;
  Simulation simulation(options);
  simulation.run(600, [](size_t, double) { return good(); });
  EXPECT_EQ(simulation.good_replies, 600u);
  for (size_t i = 0; i + 120 < simulation.sent.size(); ++i) {
    ASSERT_GE(simulation.sent[i + 120].first - simulation.sent[i].first, 60 - 1e-9);
  }
  EXPECT_NEAR(simulation.now - 1000, 240, 1);
}

TEST(Schedule, KeepsToTokensAMinuteAndSettlesWithWhatWasUsed) {
  HttpChatOptions options = Simulation::options();
  options.tokens_per_minute = 11000;  // 22 estimated requests, 100 real ones
  Simulation simulation(options);
  simulation.run(300, [](size_t, double) { return good(100, 10); });
  EXPECT_EQ(simulation.good_replies, 300u);
  // 300 x 110 tokens are three minutes' worth; 300 x 500 estimated ones would take 13.
  EXPECT_GE(simulation.now - 1000, 120);
  EXPECT_LT(simulation.now - 1000, 190);
}

TEST(Schedule, TheBudgetIsNeverOverspent) {
  HttpChatOptions options = Simulation::options();
  options.prices = {.input_per_million = 10, .output_per_million = 30};
  options.budget = 0.1;
  Simulation simulation(options);
  // The worst case is 0.013, the real cost 0.0013: a few are in flight at a time, 70 are asked.
  simulation.run(1000, [](size_t, double) { return good(100, 10); });
  EXPECT_EQ(simulation.schedule.why_ended(), Schedule::Ended::kBudget);
  EXPECT_LE(simulation.schedule.budget().spent(), 0.1);
  EXPECT_GT(simulation.schedule.budget().spent(), 0.1 - 0.013);
  EXPECT_EQ(simulation.good_replies, simulation.sent.size()) << "what was paid for was delivered";
  EXPECT_LE(simulation.most_in_flight, 7u);
}

TEST(Schedule, TriesOfUnknownCostUseUpTheBudget) {
  HttpChatOptions options = Simulation::options();
  options.prices = {.input_per_million = 10, .output_per_million = 30};
  options.budget = 0.1;
  options.max_tries = 1000;
  Simulation simulation(options);
  simulation.run(10, [](size_t, double) {
    HttpResult cut;
    cut.exchange = Exchange::kTimedOut;
    cut.sent = true;
    return cut;
  });
  EXPECT_EQ(simulation.schedule.why_ended(), Schedule::Ended::kBudget);
  EXPECT_EQ(simulation.sent.size(), 7u);
  EXPECT_TRUE(simulation.ended.empty()) << "left to be asked again, not failed";
}

TEST(Schedule, RefusedTriesCostNothing) {
  HttpChatOptions options = Simulation::options();
  options.prices = {.input_per_million = 10, .output_per_million = 30};
  options.budget = 0.014;
  options.max_tries = 20;
  Simulation simulation(options);
  simulation.run(
      1, [&](size_t, double) { return simulation.sent.size() < 15 ? with_status(503) : good(); });
  EXPECT_EQ(simulation.good_replies, 1u);
}

TEST(Schedule, NothingIsSentBehindTheDeadline) {
  HttpChatOptions options = Simulation::options();
  options.deadline_s = 10;
  options.max_in_flight = 2;
  Simulation simulation(options);
  simulation.latency = 3;
  simulation.run(100, [](size_t, double) { return good(); });
  EXPECT_EQ(simulation.schedule.why_ended(), Schedule::Ended::kDeadline);
  EXPECT_EQ(simulation.sent.size(), 8u);
  EXPECT_EQ(simulation.ended.size(), 8u) << "what was in flight was waited for";
  EXPECT_LT(simulation.sent.back().first, 1010);
  simulation.run(1, [](size_t, double) { return good(); });
  EXPECT_EQ(simulation.schedule.why_ended(), Schedule::Ended::kDeadline) << "one for all runs";
}

TEST(Schedule, ADeadlineEndsALongWait) {
  HttpChatOptions options = Simulation::options();
  options.deadline_s = 10;
  Simulation simulation(options);
  simulation.run(1, [](size_t, double) {
    HttpResult refused = with_status(429);
    refused.retry_after = "100";
    return refused;
  });
  EXPECT_EQ(simulation.now, 1010);
  EXPECT_EQ(simulation.schedule.why_ended(), Schedule::Ended::kDeadline);
  EXPECT_TRUE(simulation.ended.empty());
}

TEST(Schedule, StoppingWaitsForWhatIsInFlightAndTriesNothingAgain) {
  HttpChatOptions options = Simulation::options();
  options.max_in_flight = 4;
  Simulation simulation(options);
  simulation.run(100, [&](size_t index, double) {
    if (simulation.sent.size() == 10) simulation.schedule.stop();
    return index == 9 ? with_status(500) : good();
  });
  EXPECT_EQ(simulation.sent.size(), 10u);
  EXPECT_EQ(simulation.ended.size(), 9u);
  EXPECT_EQ(simulation.schedule.why_ended(), Schedule::Ended::kNot);
}

}  // namespace
}  // namespace vigor
