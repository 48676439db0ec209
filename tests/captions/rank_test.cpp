// A whole ranking with scripted judges: good, bad and fooled ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/file_system.h"
#include "benchmarks/captions/evaluate.h"
#include "benchmarks/captions/score.h"
#include "tests/testing/scripted_chat.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::captions {
namespace {

using testing::reply_of;
using testing::ScriptedChat;

// What the judge reads: the captions between the fences, in the order of their letters.
std::vector<std::string> shown_captions(const ChatRequest& request) {
  const std::string& text = request.messages.at(0).parts.at(0).text;
  std::vector<std::string> captions;
  size_t at = text.find("\n=====");
  for (at = text.find('\n', at + 1) + 1; text.compare(at, 5, "=====") != 0;
       at = text.find('\n', at) + 1) {
    const std::string line = text.substr(at, text.find('\n', at) - at);
    captions.push_back(Json::parse(line.substr(3)).get<std::string>());
  }
  return captions;
}

// All metrics alike, best first.
std::string rank_all(const std::vector<size_t>& places) {
  std::string order;
  for (const size_t place : places) {
    order += (order.empty() ? "" : " > ") + std::string(1, static_cast<char>('A' + place));
  }
  std::string out;
  for (const char* code : {"HL", "CA", "AA", "RA", "RL", "RS", "DL"}) {
    out += std::string(code) + ": " + order + "\n";
  }
  return out;
}

std::string rank_by(const ChatRequest& request, const std::function<int(const std::string&)>& key) {
  const std::vector<std::string> captions = shown_captions(request);
  std::vector<size_t> places(captions.size());
  for (size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::stable_sort(places.begin(), places.end(),
                   [&](size_t a, size_t b) { return key(captions[a]) < key(captions[b]); });
  return rank_all(places);
}

ChatReply error_reply(std::string error) {
  ChatReply reply;
  reply.error = std::move(error);
  return reply;
}

int quality(const std::string& caption) {
  if (caption.find("good") != std::string::npos) return 0;
  if (caption.find("fair") != std::string::npos) return 1;
  return caption.find("poor") != std::string::npos ? 2 : 3;
}

class Ranking : public ::testing::Test {
 protected:
  Ranking() {
    options_.images = folder_.path();
    options_.calls.canary_every = 4;
    for (const char* name : {"good", "fair", "poor"}) {
      Candidate candidate;
      candidate.name = name;
      for (int i = 0; i < 12; ++i) {
        const std::string image = "i" + std::to_string(i) + ".jpg";
        candidate.captions[image] = "a " + std::string(name) + " caption of " + image;
        candidate.prompts[image] = "Describe this image.";
        folder_.write(image, "\xFF\xD8\xFF image " + image);
      }
      candidates_.push_back(candidate);
    }
  }

  Json run(ChatClient& judge, const std::string& out = "run") {
    const RankPlan plan = make_plan(candidates_, options_);
    RunFolder folder =
        RunFolder::open(disk_, folder_ / out, run_settings(plan, options_, judge.identity()),
                        {.uncompared = uncompared_settings()});
    Progress silent(nullptr, {}, steady_clock());
    result_ = evaluate(judge, folder, plan, options_, silent, stop_.get_token());
    ScoreOptions scoring;
    for (const Candidate& one : plan.candidates) scoring.candidates.push_back(one.name);
    scoring.images = plan.images;
    scoring.calls = static_cast<int64_t>(plan.calls.size());
    scoring.mode = options_.calls.mode;
    scoring.replicates = 0;
    samples_ = folder.samples();
    return score_ranking(samples_, scoring, "run");
  }

  testing::TemporaryFolder folder_;
  DiskFileSystem disk_;
  RankOptions options_;
  std::vector<Candidate> candidates_;
  RankResult result_;
  std::vector<Json> samples_;
  std::stop_source stop_;
};

TEST_F(Ranking, AnHonestJudgeFindsTheOrderWhateverThePlaces) {
  options_.calls.orders = 2;
  options_.calls.repeat_share = 0.5;
  ScriptedChat judge(
      [](size_t, const ChatRequest& request) { return reply_of(rank_by(request, quality)); });
  const Json metrics = run(judge);
  EXPECT_EQ(metrics["models"]["good"]["HL"], 1);
  EXPECT_EQ(metrics["models"]["fair"]["average"], 2);
  EXPECT_EQ(metrics["models"]["poor"]["DL"], 3);
  EXPECT_EQ(metrics["orders"]["kendalls_w"], 1);
  EXPECT_EQ(metrics["repeats"]["reversed"], 0);
  EXPECT_EQ(metrics["canaries"]["first_share"], 0);
  EXPECT_TRUE(metrics["warnings"].empty()) << metrics["warnings"];
}

TEST_F(Ranking, AJudgeThatObeysCaptionsIsExposedByTheCanaries) {
  options_.calls.canary_every = 3;
  ScriptedChat judge([](size_t, const ChatRequest& request) {
    return reply_of(rank_by(request, [](const std::string& caption) {
      return caption.find("first") != std::string::npos ? -1 : quality(caption);
    }));
  });
  const Json metrics = run(judge);
  EXPECT_EQ(metrics["canaries"]["first_share"], 1);
  EXPECT_EQ(metrics["canaries"]["p"], 1.0 / 256);  // 4 calls, each shows 4
  EXPECT_THAT(metrics["warnings"].dump(), ::testing::HasSubstr("the judge obeys captions"));
  // The canary won nothing that counts.
  EXPECT_EQ(metrics["models"]["good"]["HL"], 1);
}

TEST_F(Ranking, AJudgeThatDrawsLotsIsNotSaidToObey) {
  options_.calls.canary_every = 1;
  ScriptedChat judge([](size_t index, const ChatRequest&) {
    std::vector<size_t> places = {0, 1, 2, 3};
    std::rotate(places.begin(), places.begin() + index % 4, places.end());
    return reply_of(rank_all(places));
  });
  const Json metrics = run(judge);
  EXPECT_GT(metrics["canaries"]["first_share"], 0);
  EXPECT_EQ(metrics["canaries"]["chance"], 0.25);
  EXPECT_GT(metrics["canaries"]["p"], 0.01);
  EXPECT_THAT(metrics["warnings"].dump(), ::testing::Not(::testing::HasSubstr("obeys")));
  EXPECT_THAT(metrics["warnings"].dump(), ::testing::HasSubstr("hardly looks"));
}

TEST_F(Ranking, AJudgeThatRanksNothingGivesNoFigureAndIsShown) {
  ScriptedChat judge([](size_t, const ChatRequest&) { return reply_of("The image."); });
  const Json metrics = run(judge);
  EXPECT_EQ(metrics["counts"]["unjudged"], 12);
  EXPECT_TRUE(metrics["models"]["good"]["HL"].is_null());
  EXPECT_TRUE(metrics["models"]["good"]["average"].is_null());
  EXPECT_THAT(metrics["warnings"].dump(),
              ::testing::HasSubstr("nothing in any of its 12 replies; the first"));
  EXPECT_EQ(samples_.at(0)["reply"], "The image.");
  EXPECT_NE(samples_.at(0)["error"], Json());
}

TEST_F(Ranking, AJudgeThatDeclinesInWordsIsARefusal) {
  ScriptedChat judge([](size_t, const ChatRequest&) {
    return reply_of("I\u2019m sorry, but I can't help with pictures of people.");
  });
  const Json metrics = run(judge);
  EXPECT_EQ(metrics["counts"]["unjudged"], 12);
  EXPECT_EQ(samples_.at(0)["error"], "the judge refused");
}

// Everything in one group: the canary is first among equals, as chance has it.
TEST_F(Ranking, AJudgeThatTiesAllIsNotSaidToObey) {
  options_.calls.canary_every = 1;
  ScriptedChat judge([](size_t, const ChatRequest&) {
    std::string all;
    for (const char* code : {"HL", "CA", "AA", "RA", "RL", "RS", "DL"}) {
      all += std::string(code) + ": A = B = C = D\n";
    }
    return reply_of(all);
  });
  const Json metrics = run(judge);
  EXPECT_EQ(metrics["canaries"]["first_share"], 1);
  EXPECT_EQ(metrics["canaries"]["chance"], 1);
  EXPECT_THAT(metrics["warnings"].dump(), ::testing::Not(::testing::HasSubstr("obeys")));
}

TEST_F(Ranking, AJudgeThatGoesByPlaceIsExposedByTheOrders) {
  options_.calls.orders = 3;
  options_.calls.canary_every = 0;
  ScriptedChat judge([](size_t, const ChatRequest&) { return reply_of(rank_all({0, 1, 2})); });
  const Json metrics = run(judge);
  EXPECT_EQ(metrics["orders"]["kendalls_w"], 0);
  EXPECT_GT(metrics["orders"]["reversed"], 0.5);
  EXPECT_EQ(metrics["places"], Json::array({1, 2, 3}));
  EXPECT_THAT(metrics["warnings"].dump(), ::testing::HasSubstr("order of the captions"));
  EXPECT_EQ(metrics["models"]["good"]["HL"], 2);
}

TEST_F(Ranking, PairsWork) {
  options_.calls.mode = Mode::kPairwise;
  options_.prompt = ranking::pair_template();
  ScriptedChat judge(
      [](size_t, const ChatRequest& request) { return reply_of(rank_by(request, quality)); });
  const Json metrics = run(judge);
  EXPECT_EQ(samples_.size(), 36u);
  EXPECT_GT(metrics["models"]["good"]["HL"], metrics["models"]["fair"]["HL"]);
  EXPECT_GT(metrics["models"]["fair"]["HL"], metrics["models"]["poor"]["HL"]);
}

TEST_F(Ranking, WhatFailedIsAskedAgainAndWhatWasRefusedIsNot) {
  int calls = 0;
  ScriptedChat judge([&](size_t index, const ChatRequest& request) {
    ++calls;
    ChatReply reply = reply_of(rank_by(request, quality));
    if (index == 3) reply = error_reply("refused: the connection");
    if (index == 4) {
      reply = error_reply("I cannot assist with that");
      reply.refused = true;
    }
    if (index == 5) reply = reply_of("They are all lovely.");
    return reply;
  });
  Json metrics = run(judge);
  EXPECT_EQ(metrics["counts"]["failed"], 1);
  EXPECT_EQ(metrics["counts"]["unjudged"], 2);
  EXPECT_TRUE(scores_withheld(metrics));
  EXPECT_EQ(calls, 12);
  metrics = run(judge);
  EXPECT_EQ(calls, 13);
  EXPECT_EQ(metrics["counts"]["failed"], 0);
  EXPECT_EQ(metrics["counts"]["scored"], 10);
  EXPECT_EQ(metrics["models"]["good"]["HL"], 1);
}

TEST_F(Ranking, AStoppedRunGoesOnAndEndsAtTheSameFigures) {
  bool armed = true;
  ScriptedChat judge([&](size_t index, const ChatRequest& request) {
    if (armed && index == 6) stop_.request_stop();
    return reply_of(rank_by(request, quality));
  });
  run(judge);
  EXPECT_TRUE(result_.interrupted);
  EXPECT_EQ(samples_.size(), 7u);
  stop_ = std::stop_source();
  armed = false;
  const Json resumed = run(judge);
  EXPECT_EQ(resumed, run(judge, "whole"));
}

TEST_F(Ranking, AMissingPictureOrCaptionFailsItsCallsAlone) {
  std::filesystem::remove(folder_ / "i3.jpg");
  folder_.write("i4.jpg", "no picture");
  candidates_[1].captions.erase("i5.jpg");
  candidates_[1].failed["i5.jpg"] = "out of memory";
  ScriptedChat judge(
      [](size_t, const ChatRequest& request) { return reply_of(rank_by(request, quality)); });
  const Json metrics = run(judge);
  EXPECT_EQ(metrics["counts"]["failed"], 3);
  EXPECT_EQ(judge.requests.size(), 9u);
}

TEST_F(Ranking, ARerunSendsTheSameBytes) {
  ScriptedChat judge(
      [](size_t, const ChatRequest& request) { return reply_of(rank_by(request, quality)); });
  options_.calls.repeat_share = 0.5;
  run(judge);
  run(judge, "again");
  const size_t half = judge.requests.size() / 2;
  for (size_t i = 0; i < half; ++i) {
    EXPECT_EQ(judge.requests[i].canonical(), judge.requests[half + i].canonical());
  }
}

}  // namespace
}  // namespace vigor::captions
