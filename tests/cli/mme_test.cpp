// vigor-eval mme through the built program: exit codes, messages, resume, result files, the demo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;

// Two tasks in the two layouts, three pictures each, and a recording that answers everything.
class EndToEndMme : public ::testing::Test {
 protected:
  EndToEndMme() { write_data(0); }
  void write_data(double delay_s) {
    std::string recording;
    for (const std::string task : {"existence", "artwork"}) {
      for (const std::string name : {"1", "2", "3"}) {
        const std::string base = "data/" + task + "/";
        const bool split = task == "artwork";
        folder_.write(base + (split ? "images/" : "") + name + ".jpg", task + name);
        std::string lines;
        for (const bool yes : {true, false}) {
          const std::string text =
              std::string("Is ") + (yes ? "this " : "that ") + name + "? Please answer yes or no.";
          lines += text + (yes ? "\tYes\n" : "\tNo\n");
          recording += dump_json({{"image", task + "/" + name + ".jpg"},
                                  {"question", text},
                                  {"answer", yes || name == "2" ? "Yes" : "No"},
                                  {"delay_s", delay_s}}) +
                       "\n";
        }
        folder_.write(base + (split ? "questions_answers_YN/" : "") + name + ".txt", lines);
      }
    }
    folder_.write("recording.jsonl", recording);
  }
  SpawnResult mme(std::vector<std::string> more = {}, const testing::SpawnOptions& options = {}) {
    std::vector<std::string> arguments = {
        "mme",   "--model",  "recorded:" + path("recording.jsonl"), "--data", path("data"),
        "--out", path("run")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments, options);
  }
  std::string path(const std::string& below) { return (folder_ / below).string(); }
  Json metrics(const std::string& run = "run") {
    return read_json_file(folder_ / run / "metrics.json");
  }
  size_t lines(const std::string& below) {
    if (!fs::exists(folder_ / below)) return 0;
    const std::string text = read_file(folder_ / below);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndMme, ARunHasItsFilesAndAReport) {
  const SpawnResult result = mme();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("existence"));
  EXPECT_THAT(result.out, HasSubstr("report: " + path("run/report.html")));
  EXPECT_NEAR(metrics()["tasks"]["artwork"]["score"], 100 * 5 / 6.0 + 100 * 2 / 3.0, 1e-9);
  EXPECT_EQ(metrics()["all_tasks"]["tasks"], 2);
  EXPECT_TRUE(metrics()["perception"].is_null());
  const Json run = read_json_file(folder_ / "run/run.json");
  EXPECT_EQ(run["questions_asked"], 12);
  for (const char* key : {"what", "settings", "dataset", "model", "versions", "timing",
                          "rows_per_s", "status_counts", "checkpoint_hash"}) {
    EXPECT_TRUE(run.contains(key)) << key;
  }
  EXPECT_TRUE(fs::exists(folder_ / "run/report.md"));
}

TEST_F(EndToEndMme, WrittenAnswersScoreAlike) {
  ASSERT_EQ(mme({"--write-answers", path("answers")}).exit_code, 0);
  EXPECT_EQ(read_file(folder_ / "answers/artwork.txt").substr(0, 49),
            "1.jpg\tIs this 1? Please answer yes or no.\tYes\tYes");
  const SpawnResult result =
      spawn(VIGOR_PROGRAM, {"mme", "--answers", path("answers"), "--out", path("theirs"), "--json",
                            "--data", path("data")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json theirs = Json::parse(result.out);
  EXPECT_EQ(theirs, metrics("theirs"));
  EXPECT_EQ(theirs["tasks"], metrics()["tasks"]);
  // The samples pair with those of the run.
  EXPECT_EQ(lines("theirs/samples.jsonl"), 12u);
  EXPECT_THAT(read_file(folder_ / "theirs/samples.jsonl"), HasSubstr("\"key\":\"artwork/2/1\""));
  // Again: nothing to do, nothing changed.
  const std::string before = read_file(folder_ / "theirs/metrics.json");
  const SpawnResult again =
      spawn(VIGOR_PROGRAM, {"mme", "--answers", path("answers"), "--out", path("theirs")});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(read_file(folder_ / "theirs/metrics.json"), before);
}

TEST_F(EndToEndMme, AnotherDialectOfTheSameRunNeedsNoModel) {
  ASSERT_EQ(mme({"--prompt-suffix", "One word."}).exit_code, 0);
  for (const std::string dialect : {"lmms", "vlmeval", "strict"}) {
    const SpawnResult result =
        spawn(VIGOR_PROGRAM,
              {"mme", "--model", "recorded:" + path("run/samples.jsonl"), "--data", path("data"),
               "--out", path(dialect), "--dialect", dialect, "--no-report", "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(Json::parse(result.out)["dialect"], dialect);
    EXPECT_FALSE(fs::exists(folder_ / dialect / "report.html"));
  }
}

TEST_F(EndToEndMme, RecordedAnswersKeepTheirPrompt) {
  ASSERT_EQ(mme({"--prompt-suffix", "One word."}).exit_code, 0);
  const SpawnResult result =
      spawn(VIGOR_PROGRAM, {"mme", "--model", "recorded:" + path("run/samples.jsonl"), "--data",
                            path("data"), "--out", path("other"), "--prompt-suffix", "Two words."});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("the recorded answers were given to another --prompt-suffix"));
}

TEST_F(EndToEndMme, OtherSettingsAreRefused) {
  ASSERT_EQ(mme().exit_code, 0);
  const SpawnResult result = mme({"--dialect", "lmms"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("dialect: was \"official\", now \"lmms\""));
}

TEST_F(EndToEndMme, AMissingAnswerWithholdsTheScores) {
  const std::string recording = read_file(folder_ / "recording.jsonl");
  folder_.write("recording.jsonl", recording.substr(recording.find('\n') + 1));
  const SpawnResult result = mme();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the scores are withheld: 1 samples failed"));
  EXPECT_TRUE(metrics()["tasks"]["existence"]["score"].is_null());
  const SpawnResult accepted = mme({"--max-failures", "1", "--write-answers", path("answers")});
  EXPECT_EQ(accepted.exit_code, 0);
  EXPECT_THAT(accepted.err, HasSubstr("1 picture with a failed sample is not in"));
  EXPECT_EQ(lines("answers/existence.txt"), 4u);
}

TEST_F(EndToEndMme, WhatStopsTheOfficialScriptIsNamed) {
  const std::string file = folder_.write("answers/count.txt", "1.jpg\tA?\tYes\n").string();
  const SpawnResult result =
      spawn(VIGOR_PROGRAM, {"mme", "--answers", path("answers"), "--out", path("run")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err,
            "error: " + file +
                ":1: expected four fields between tabs, found 3\n  likely cause: the answer is "
                "missing: these may be questions\n  what to do: a line is picture, question, label "
                "and answer between tabs, and the official script stops at any other\n");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(EndToEndMme, WrongCommandLinesAreUsageErrors) {
  for (const auto& [arguments, message] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"mme", "--out", "run"}, "missing --model or --answers"},
           {{"mme", "--model", "recorded:x", "--out", "run"}, "missing --data"},
           {{"mme", "--answers", "x"}, "missing --out"},
           {{"mme", "--dialet", "lmms"}, "did you mean --dialect?"},
           {{"mme", "--dialect", "lmm"}, "lmm"}}) {
    const SpawnResult result = spawn(VIGOR_PROGRAM, arguments, {.folder = folder_.path()});
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
  }
  const SpawnResult nowhere = spawn(VIGOR_PROGRAM, {"mme", "--model", "recorded:x", "--data",
                                                    path("nowhere"), "--out", path("run")});
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("no such folder"));
}

class EndToEndMmeStopped : public EndToEndMme {
 protected:
  // Sends the signal when the first samples are written.
  SpawnResult stopped(int signal) {
    write_data(0.1);
    bool sent = false;
    const SpawnResult result = mme({}, {.meanwhile = [&](pid_t process) {
                                     if (!sent && lines("run/samples.jsonl") > 0) {
                                       ::kill(process, signal);
                                       sent = true;
                                     }
                                   }});
    EXPECT_TRUE(sent);
    EXPECT_LT(lines("run/samples.jsonl"), 12u);
    EXPECT_FALSE(fs::exists(folder_ / "run/metrics.json"));
    return result;
  }
  void expect_the_rerun_finishes() {
    const SpawnResult again = mme();
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_THAT(again.err, HasSubstr("going on with a run that has"));
    EXPECT_EQ(lines("run/samples.jsonl"), 12u);
    const std::string stopped = read_file(folder_ / "run/metrics.json");
    ASSERT_EQ(mme({"--no-report"}).exit_code, 0);
    EXPECT_EQ(read_file(folder_ / "run/metrics.json"), stopped);
  }
};

TEST_F(EndToEndMmeStopped, AnInterruptKeepsWhatIsDone) {
  const SpawnResult result = stopped(SIGINT);
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.err, HasSubstr("samples are kept in"));
  expect_the_rerun_finishes();
}

TEST_F(EndToEndMmeStopped, AKilledRunIsFinishedByTheSameCommand) {
  EXPECT_EQ(stopped(SIGKILL).signal, SIGKILL);
  expect_the_rerun_finishes();
}

// Scenes are made, the demo checkpoint looks at them, and one of their pictures is broken.
TEST(EndToEndMmeDemo, TheDemoCheckpointAnswersGeneratedScenes) {
  const fs::path demo = testing::source_dir() / "data/demo";
  testing::TemporaryFolder folder;
  const std::string scenes = (folder / "scenes").string(), run = (folder / "run").string();
  ASSERT_EQ(
      spawn(VIGOR_PROGRAM, {"scenes", "--seed", "11", "--count", "4", "--out", scenes}).exit_code,
      0);
  const std::vector<std::string> command = {"mme",   "--model", demo.string(), "--data",  scenes,
                                            "--out", run,       "--dtype",     "float32", "--json"};
  const SpawnResult result = spawn(VIGOR_PROGRAM, command);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json metrics = Json::parse(result.out);
  EXPECT_EQ(metrics["tasks"]["existence"]["images"], 4);
  EXPECT_EQ(metrics["tasks"]["count"]["images"], 4);
  EXPECT_GE(metrics["all_tasks"]["score"].get<double>(), 0);
  EXPECT_EQ(metrics["all_tasks"]["margins"].get<int>(),
            metrics["counts"]["scored"].get<int>() + metrics["counts"]["unparsed"].get<int>());
  const Json record = read_json_file(fs::path(run) / "run.json");
  EXPECT_EQ(record["model_counts"]["images_encoded"], 4);  // the tasks share their pictures

  folder.write("scenes/mme/existence/scene_000001.jpg", "no picture");
  fs::remove_all(run);
  const SpawnResult broken = spawn(VIGOR_PROGRAM, command);
  EXPECT_EQ(broken.exit_code, 1);
  const Json withheld = read_json_file(fs::path(run) / "metrics.json");
  EXPECT_EQ(withheld["counts"]["failed"], 2);
  EXPECT_TRUE(withheld["tasks"]["existence"]["score"].is_null());
}

}  // namespace
}  // namespace vigor
