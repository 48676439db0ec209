// vigor-eval rank through the built program, with a judge behind a real HTTP endpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/chat_server.h"
#include "tests/testing/naive_judge.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using testing::chat_answer;
using testing::ChatServer;
using testing::error_answer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ranking_of;
using testing::ServerRequest;
using testing::spawn;
using testing::SpawnResult;

class EndToEndRank : public ::testing::Test {
 protected:
  EndToEndRank() {
    for (const char* name : {"good", "poor"}) {
      std::string rows;
      for (int i = 0; i < 6; ++i) {
        const std::string image = "i" + std::to_string(i) + ".jpg";
        folder_.write("images/" + image, "\xFF\xD8\xFF picture " + image);
        rows += dump_json({{"image", image},
                           {"sample", 0},
                           {"prompt", "Describe this image."},
                           {"caption", "A " + std::string(name) +
                                           " caption <script>alert(1)</script> of " + image}}) +
                "\n";
      }
      folder_.write(std::string(name) + ".jsonl", rows);
    }
  }

  SpawnResult run(const ChatServer& server, std::vector<std::string> more = {},
                  const std::string& out = "run") {
    folder_.write("judge.json", dump_json({{"url", server.base_url()},
                                           {"model", "judge"},
                                           {"max_tries", 2},
                                           {"backoff_base_s", 0.001},
                                           {"backoff_cap_s", 0.002}}));
    std::vector<std::string> arguments = {"rank",
                                          "--candidates",
                                          "good=" + path("good.jsonl"),
                                          "poor=" + path("poor.jsonl"),
                                          "--images",
                                          path("images"),
                                          "--judge",
                                          path("judge.json"),
                                          "--out",
                                          path(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments);
  }
  std::string path(const std::string& below) { return (folder_ / below).string(); }

  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndRank, ARunHasFiguresAndASecondOneAsksNothing) {
  const ChatServer server(
      [](const ServerRequest& request) { return chat_answer(ranking_of(request.prompt())); });
  const SpawnResult result = run(server, {"--orders", "2", "--repeat-share", "0.5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("mean rank, 1 is best"));
  const Json metrics = read_json_file(folder_ / "run/metrics.json");
  EXPECT_EQ(metrics["models"]["good"]["HL"], 1);
  EXPECT_EQ(metrics["models"]["poor"]["average"], 2);
  EXPECT_EQ(metrics["counts"]["scored"], 15);
  const size_t asked = server.requests();
  EXPECT_EQ(asked, 15u);
  // Another folder, the same questions: all from the cache.
  ASSERT_EQ(run(server, {"--orders", "2", "--repeat-share", "0.5"}, "again").exit_code, 0);
  EXPECT_EQ(server.requests(), asked);
  EXPECT_EQ(read_file(folder_ / "again/metrics.json"), read_file(folder_ / "run/metrics.json"));
}

TEST_F(EndToEndRank, AJudgeThatFailsIsNoScoreAndTheRunGoesOn) {
  std::atomic<bool> down = true;
  const ChatServer server([&](const ServerRequest& request) {
    if (down && request.prompt().find("i3.jpg") != std::string::npos) {
      return error_answer(500, "out of order");
    }
    return chat_answer(ranking_of(request.prompt()));
  });
  const SpawnResult result = run(server);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the scores are withheld: 1 of 6 calls failed"));
  EXPECT_TRUE(read_json_file(folder_ / "run/metrics.json")["models"]["good"]["HL"].is_null());
  const size_t before = server.requests();
  down = false;
  const SpawnResult again = run(server);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(server.requests(), before + 1);
  EXPECT_EQ(read_json_file(folder_ / "run/metrics.json")["models"]["good"]["HL"], 1);
}

TEST_F(EndToEndRank, CaptionsAreNeverMarkupInTheReport) {
  const ChatServer server([](const ServerRequest& request) {
    return chat_answer(ranking_of(request.prompt()) + "<script>alert(2)</script>");
  });
  ASSERT_EQ(run(server).exit_code, 0);
  const std::string html = read_file(folder_ / "run/report.html");
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(2)"));
  EXPECT_TRUE(fs::exists(folder_ / "run/report.md"));
}

TEST_F(EndToEndRank, PairsHaveStrengths) {
  const ChatServer server(
      [](const ServerRequest& request) { return chat_answer(ranking_of(request.prompt())); });
  const SpawnResult result = run(server, {"--mode", "pairwise", "--orders", "2", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GT(Json::parse(result.out)["models"]["good"]["HL"], 0);
}

TEST_F(EndToEndRank, WhatIsMissingOrWrongIsAUsageError) {
  EXPECT_EQ(spawn(VIGOR_PROGRAM, {"rank", "--out", path("run")}).exit_code, 2);
  const ChatServer server([](const ServerRequest&) { return chat_answer("-"); });
  const SpawnResult result = run(server, {"--orders", "3"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--orders 3 is more than the 2 rotations"));
  EXPECT_EQ(server.requests(), 0u);
}

TEST_F(EndToEndRank, StoredRepliesAreReadWithoutAJudge) {
  const std::string file =
      folder_
          .write("replies.jsonl",
                 R"({"id": "x", "labels": ["A", "B"], "reply": "HL: B > A"})"
                 "\n"
                 R"({"id": "y", "labels": ["A", "B"], "reply": "no", "asked": "ranks"})")
          .string();
  const SpawnResult result = spawn(VIGOR_PROGRAM, {"rank", "--parse-replies", file, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json read = Json::parse(result.out);
  EXPECT_EQ(read["counts"], Json({{"ok", 0}, {"partial", 1}, {"unparsable", 1}}));
  EXPECT_EQ(read["replies"][0]["metrics"]["HL"], Json::parse(R"([["B"], ["A"]])"));
}

TEST_F(EndToEndRank, WhatAStoredReplyWasAskedForIsNoGuess) {
  const std::string file =
      folder_
          .write("replies.jsonl",
                 R"({"labels": ["A", "B"], "reply": "HL: B > A", "asked": "rank"})")
          .string();
  const SpawnResult result = spawn(VIGOR_PROGRAM, {"rank", "--parse-replies", file});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("replies.jsonl:1: 'asked' is 'rank'"));
  EXPECT_THAT(result.err, HasSubstr("json_ranks"));
}

TEST(ReferenceRank, TheReferenceFileIsReadAsItStands) {
  constexpr const char* kFile = "benchmarks/ranking/judge_replies.json";
  VIGOR_REQUIRE_SHARED(kFile);
  const SpawnResult result =
      spawn(VIGOR_PROGRAM, {"rank", "--parse-replies", testing::shared(kFile).string(), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json read = Json::parse(result.out), file = read_json_file(testing::shared(kFile));
  ASSERT_EQ(read["replies"].size(), file["replies"].size());
  for (size_t i = 0; i < file["replies"].size(); ++i) {
    EXPECT_EQ(read["replies"][i]["id"], file["replies"][i]["id"]);
  }
}

}  // namespace
}  // namespace vigor
