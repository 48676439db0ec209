// vigor-eval mmhal through the built program: its three forms, exit codes, messages, resume.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>

#include "base/files.h"
#include "benchmarks/mmhal/judge_prompt.h"
#include "judges/cache/reply_record.h"
#include "tests/testing/chat_server.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::mmhal {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;

constexpr size_t kRecords = 8;

// Eight records, a recorded model that answers them, and recorded replies of a judge: 0, 1, ... 6
// and one that says nothing.
class EndToEndMmhal : public ::testing::Test {
 protected:
  EndToEndMmhal() {
    for (size_t i = 0; i < kRecords; ++i) {
      Record record;
      record.type = kTypes[i];
      record.image_id = "image" + std::to_string(i);
      record.contents = {"Cat"};
      record.question = "Question " + std::to_string(i) + "?";
      record.standard_answer = "Standard.";
      record.model_answer = "Answer " + std::to_string(i) + ".";
      records_.push_back(record);
      folder_.write("images/" + record.image_id + ".jpg", "not opened");
      recording_ += dump_json({{"image", record.image_id + ".jpg"},
                               {"question", record.question},
                               {"answer", *record.model_answer}}) +
                    "\n";
    }
    folder_.write("responses.json", responses_json(records_));
    folder_.write("recording.jsonl", recording_);
    write_judge(kRecords);
  }

  void write_judge(size_t replies) {
    std::string text;
    for (size_t i = 0; i < replies; ++i) {
      ReplyRecord one;
      one.identity = {{"model", "judge-1"}, {"url", "https://judge.invalid/v1"}};
      one.request = JudgePrompt().request(records_[i], 0, 1024, true).canonical();
      one.reply.text = i < 7 ? "Because.\n\nRating: " + std::to_string(i) : "I'm sorry, but no.";
      one.reply.finish = "stop";
      text += dump_json(record_to_json(one)) + "\n";
    }
    folder_.write("judge.jsonl", text);
  }
  std::string path(const char* below) { return (folder_ / below).string(); }
  SpawnResult mmhal(std::vector<std::string> arguments, const testing::SpawnOptions& options = {}) {
    arguments.insert(arguments.begin(), "mmhal");
    return spawn(VIGOR_PROGRAM, arguments, options);
  }
  std::vector<std::string> with_model(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"--model",  "recorded:" + path("recording.jsonl"),
                                          "--data",   path("responses.json"),
                                          "--images", path("images"),
                                          "--judge",  "recorded:" + path("judge.jsonl"),
                                          "--out",    path("run")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  testing::TemporaryFolder folder_;
  std::vector<Record> records_;
  std::string recording_;
};

TEST_F(EndToEndMmhal, AModelIsAnsweredForAndJudged) {
  const SpawnResult result = mmhal(with_model());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("strict and official differ on 1 of 8 replies"));
  const Json metrics = read_json_file(folder_ / "run/metrics.json");
  EXPECT_EQ(metrics["average"], 3.0);
  EXPECT_EQ(metrics["unjudged"], 1);
  EXPECT_EQ(metrics["template"], JudgePrompt().identity());
  EXPECT_EQ(metrics["judge"]["model"], "judge-1");
  const Json run = read_json_file(folder_ / "run/run.json");
  for (const char* key : {"what", "settings", "dataset", "model", "versions", "timing",
                          "rows_per_s", "status_counts", "judge_usage"}) {
    EXPECT_TRUE(run.contains(key)) << key;
  }
  EXPECT_EQ(read_records(folder_ / "run/responses.json")[3].model_answer, "Answer 3.");
  for (const char* report : {"run/report.html", "run/report.md"}) {
    EXPECT_THAT(read_file(folder_ / report), HasSubstr("MMHal-Bench")) << report;
  }
  const SpawnResult again = mmhal(with_model({"--json"}));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.err, HasSubstr("this run is complete: nothing is asked again"));
  EXPECT_EQ(Json::parse(again.out), metrics);
}

TEST_F(EndToEndMmhal, AnswersMadeElsewhereAreJudged) {
  const SpawnResult result =
      mmhal({"--responses", path("responses.json"), "--judge", "recorded:" + path("judge.jsonl"),
             "--out", path("run"), "--json", "--no-report"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["hallucination_rate"], 3.0 / 7);
  EXPECT_FALSE(fs::exists(folder_ / "run/report.html"));
}

TEST_F(EndToEndMmhal, ARunIsScoredAgainInTheOtherDialectWithoutAJudge) {
  ASSERT_EQ(mmhal(with_model()).exit_code, 0);
  const SpawnResult result = mmhal({"--reviews", path("run/samples.jsonl"), "--dialect", "official",
                                    "--out", path("official"), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["average"], 21.0 / 8);
  EXPECT_EQ(Json::parse(result.out)["unjudged"], 0);
}

TEST_F(EndToEndMmhal, AJudgeThatGivesNoReplyWithholdsTheScores) {
  write_judge(6);
  const SpawnResult result = mmhal(with_model());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err,
              HasSubstr("the scores are withheld: 0 answers failed and the judge gave no "
                        "reply to 2, 0 may (--max-failures)"));
  EXPECT_THAT(result.err, HasSubstr("record 6: "));
  EXPECT_TRUE(read_json_file(folder_ / "run/metrics.json")["average"].is_null());
  EXPECT_THAT(read_file(folder_ / "run/report.html"), HasSubstr("No score for this run"));
  EXPECT_EQ(mmhal(with_model({"--max-failures", "2"})).exit_code, 0);
  write_judge(kRecords);
  EXPECT_EQ(mmhal(with_model()).exit_code, 0);
  EXPECT_EQ(read_json_file(folder_ / "run/metrics.json")["average"], 3.0);
}

// What the error advises works, and the other thing is refused.
TEST_F(EndToEndMmhal, MendedResponsesGoWhereTheErrorSays) {
  const auto judge = [&](const char* out) {
    return mmhal({"--responses", path("responses.json"), "--judge",
                  "recorded:" + path("judge.jsonl"), "--out", path(out), "--no-report"});
  };
  const std::string whole = read_file(folder_ / "responses.json");
  records_[2].model_answer.reset();
  folder_.write("responses.json", responses_json(records_));
  const SpawnResult failed = judge("run");
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, HasSubstr("mend the file and give another --out"));
  folder_.write("responses.json", whole);
  EXPECT_THAT(judge("run").err, HasSubstr("choose another folder with --out"));
  EXPECT_EQ(judge("mended").exit_code, 0);
}

TEST_F(EndToEndMmhal, AnAnswerThatIsMissingFailsItsRecord) {
  folder_.write("recording.jsonl", recording_.substr(recording_.find('\n') + 1));
  const SpawnResult result = mmhal(with_model());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("1 answers failed"));
  EXPECT_THAT(result.err, HasSubstr("image0: no recorded answer to this question"));
}

TEST_F(EndToEndMmhal, AnotherJudgeOrTemplateIsAnotherRun) {
  ASSERT_EQ(mmhal(with_model()).exit_code, 0);
  folder_.write("own.txt", "{question} {model_answer}");
  const SpawnResult result = mmhal(with_model({"--template", path("own.txt")}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("template.name: was \"vigor-mmhal-1\", now \"own.txt\""));
}

TEST_F(EndToEndMmhal, AnInterruptKeepsTheAnswers) {
  std::string slow;
  for_each_jsonl(recording_, "recording", [&](size_t, Json&& row) {
    row["delay_s"] = 0.05;
    slow += dump_json(row) + "\n";
  });
  folder_.write("recording.jsonl", slow);
  bool sent = false;
  const SpawnResult result =
      mmhal(with_model(), {.meanwhile = [&](pid_t process) {
              const fs::path answers = folder_ / "run/answers/samples.jsonl";
              if (sent || !fs::exists(answers) || fs::file_size(answers) == 0) return;
              ::kill(process, SIGINT);
              sent = true;
            }});
  ASSERT_TRUE(sent);
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.err, HasSubstr("the same command goes on from there"));
  EXPECT_FALSE(fs::exists(folder_ / "run/metrics.json"));
  EXPECT_EQ(mmhal(with_model()).exit_code, 0);
  EXPECT_EQ(read_json_file(folder_ / "run/metrics.json")["average"], 3.0);
  EXPECT_EQ(read_json_file(folder_ / "run/run.json")["questions_asked"], kRecords);
}

TEST_F(EndToEndMmhal, WhatIsMissingIsNamed) {
  const auto refused = [&](std::vector<std::string> arguments) {
    const SpawnResult result = mmhal(std::move(arguments));
    EXPECT_EQ(result.exit_code, 2);
    return result.err;
  };
  EXPECT_THAT(refused({"--out", path("run")}), HasSubstr("--model, --responses or --reviews"));
  EXPECT_THAT(refused({"--responses", path("responses.json"), "--out", path("run")}),
              HasSubstr("--judge"));
  EXPECT_THAT(refused({"--model", "m", "--judge", "j", "--out", path("run")}), HasSubstr("--data"));
  for (Record& record : records_) record.model_answer = "";
  folder_.write("template.json", responses_json(records_));
  const SpawnResult result = mmhal({"--responses", path("template.json"), "--judge",
                                    "recorded:" + path("judge.jsonl"), "--out", path("run")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no record has a model_answer"));
}

TEST(EndToEndMmhalPublished, TheJudgesStoredRepliesGiveThePublishedFigures) {
  VIGOR_REQUIRE_SHARED("benchmarks/mmhal");
  const fs::path data = testing::shared("benchmarks/mmhal");
  const Json expected = read_json_file(data / "expected.json");
  testing::TemporaryFolder folder;
  for (const auto& [name, figures] : expected.items()) {
    if (!figures.is_object() || !figures.contains("ratings")) continue;
    const SpawnResult result =
        spawn(VIGOR_PROGRAM, {"mmhal", "--reviews", (data / name).string(), "--dialect", "official",
                              "--out", (folder / "run").string(), "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const Json metrics = Json::parse(result.out);
    EXPECT_EQ(metrics["average"], figures["average"]);
    EXPECT_EQ(metrics["hallucination_rate"], figures["hallucination_rate"]);
    EXPECT_EQ(metrics["types"], figures["per_type"]);
    fs::remove_all(folder / "run");
  }
}

// Over real sockets: a judge that is busy, breaks off and refuses, and then answers.
TEST_F(EndToEndMmhal, AJudgeBehindAnEndpointThatFailsNowAndThen) {
  std::atomic<int> troubles = 0;
  testing::ChatServer server([&](const testing::ServerRequest& request) {
    const std::string prompt = request.prompt();
    const size_t at = prompt.find("\"Answer ");
    if (at == std::string::npos) return testing::error_answer(400, "no answer to grade");
    const char number = prompt[at + 8];
    if (troubles++ < 3) return testing::error_answer(500, "try later");
    if (number == '7') return testing::chat_answer("I'm sorry, but no.");
    return testing::chat_answer(std::string("Because.\n\nRating: ") + number);
  });
  folder_.write("judge.json", dump_json({{"url", server.base_url()},
                                         {"model", "judge-1"},
                                         {"backoff_base_s", 0.001},
                                         {"backoff_cap_s", 0.002}}));
  const auto judge = [&](const char* out) {
    return mmhal({"--responses", path("responses.json"), "--judge", path("judge.json"), "--out",
                  path(out), "--json", "--no-report"});
  };
  const SpawnResult result = judge("run");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["average"], 3.0);
  EXPECT_EQ(Json::parse(result.out)["unjudged"], 1);
  EXPECT_EQ(server.requests(), kRecords + 3);
  // Another run with the same judge is answered from the cache beside the runs.
  EXPECT_EQ(judge("again").exit_code, 0);
  EXPECT_EQ(server.requests(), kRecords + 3);
}

}  // namespace
}  // namespace vigor::mmhal
