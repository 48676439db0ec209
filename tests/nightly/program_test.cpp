// vigor-eval nightly through the built program, on recorded answers: evaluate, gate, accept, stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;
using testing::SyntheticModel;

class EndToEndNightly : public ::testing::Test {
 protected:
  EndToEndNightly() {
    put_answers({});
    folder_.write(
        "nightly.json",
        dump_json(
            {{"folder", "nights"},
             {"gate", {{"rules", {{{"metric", "average.accuracy"}, {"allowed_drop", 0.05}}}}}},
             {"benchmarks",
              {{{"command",
                 {"pope", "--answers", "answers.jsonl", "--questions", "coco_pope_random.json",
                  "--no-report"}}}}}}));
  }
  void put_answers(const SyntheticModel& model) {
    testing::write_synthetic_answers(folder_.path(), model);
  }
  SpawnResult run(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"nightly", "nightly.json"});
    return spawn(VIGOR_PROGRAM, more, {.folder = folder_.path()});
  }
  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndNightly, GatesNightAfterNight) {
  const SpawnResult first = run({"--night", "n1"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("Night n1: pass (the first"));
  EXPECT_EQ(run({"--night", "n1"}).exit_code, 0);

  put_answers({.drop = 0.2, .seed = 1});
  const SpawnResult worse = run({"--night", "n2", "--json"});
  EXPECT_EQ(worse.exit_code, 3) << worse.err;
  const Json night = Json::parse(worse.out);
  EXPECT_EQ(night["outcome"], "regression");
  EXPECT_EQ(night["reference"], "n1");
  EXPECT_EQ(night["accepted"], false);
  EXPECT_THAT(read_file(folder_ / "nights/n2/report/report.html"), HasSubstr("B is worse than A"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "nights/n2/compared/pope-accepted/compare.html"));

  put_answers({.drop = 0.045, .own = 0.9, .seed = 2});
  const SpawnResult unclear = run({"--night", "n3"});
  EXPECT_EQ(unclear.exit_code, 4) << unclear.out;

  EXPECT_EQ(run({"--accept", "n3"}).exit_code, 0);
  EXPECT_EQ(read_json_file(folder_ / "nights/n3/night.json")["accepted_by_hand"], true);
  EXPECT_EQ(run({"--rebuild"}).exit_code, 0);
}

// A model that takes its time: stopped and killed in the middle of an evaluation.
class EndToEndNightlyStopped : public EndToEndNightly, public ::testing::WithParamInterface<int> {
 protected:
  EndToEndNightlyStopped() {
    std::string rows;
    for (const auto& one :
         testing::synthetic_answers({.images = 8, .splits = {"random"}}, SyntheticModel())) {
      rows += dump_json({{"image", one.question.image},
                         {"question", one.question.text},
                         {"answer", one.answer},
                         {"delay_s", 0.02}}) +
              "\n";
      folder_.write("images/" + one.question.image, "not opened");
    }
    folder_.write("recording.jsonl", rows);
    std::string questions;
    for_each_jsonl(read_file(folder_ / "coco_pope_random.json"), "questions",
                   [&](size_t line, Json&& row) {
                     if (line <= 8 * 6) questions += dump_json(row) + "\n";
                   });
    folder_.write("coco_pope_random.json", questions);
    Json config = read_json_file(folder_ / "nightly.json");
    config["benchmarks"][0]["command"] = {
        "pope",   "--model",     "recorded:recording.jsonl", "--images",
        "images", "--questions", "coco_pope_random.json",    "--no-report"};
    folder_.write("nightly.json", dump_json(config));
  }
};
INSTANTIATE_TEST_SUITE_P(Signals, EndToEndNightlyStopped, ::testing::Values(SIGTERM, SIGKILL));

TEST_P(EndToEndNightlyStopped, GoesOnWhereItStopped) {
  const auto samples = folder_ / "nights/n1/runs/pope/samples.jsonl";
  bool sent = false;
  const SpawnResult stopped = spawn(VIGOR_PROGRAM, {"nightly", "nightly.json", "--night", "n1"},
                                    {.folder = folder_.path(), .meanwhile = [&](pid_t process) {
                                       if (sent || !std::filesystem::exists(samples) ||
                                           std::filesystem::file_size(samples) == 0) {
                                         return;
                                       }
                                       ::kill(process, GetParam());
                                       sent = true;
                                     }});
  ASSERT_TRUE(sent);
  if (GetParam() == SIGTERM) {
    EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  } else {
    EXPECT_EQ(stopped.signal, SIGKILL);
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "nights/n1/night.json"));
  // A command that outlives a killed job by a moment holds its run folder until it has stopped.
  SpawnResult again = run({"--night", "n1"});
  for (int tries = 0; tries < 100 && again.exit_code == 1; ++tries) again = run({"--night", "n1"});
  EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
  const std::string kept = read_file(samples);
  EXPECT_EQ(std::count(kept.begin(), kept.end(), '\n'), 8 * 6);
}

TEST_F(EndToEndNightly, AFailingCommandIsAnError) {
  folder_.write("answers.jsonl", "{\"question\": \n");
  const SpawnResult result = run({"--night", "n1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("exit code 1"));
  EXPECT_THAT(result.out, HasSubstr("answers.jsonl"));
}

TEST_F(EndToEndNightly, ADamagedIndexIsNamedAndTheNightCanBeRead) {
  folder_.write("nights/vigor.db", "no database");
  const SpawnResult result = run({"--night", "n1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("vigor.db"));
  EXPECT_THAT(read_file(folder_ / "nights/summary.md"), HasSubstr("Night n1: pass"));
  std::filesystem::remove(folder_ / "nights/vigor.db");
  EXPECT_EQ(run({"--night", "n1"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "nights/vigor.db"));
}

TEST_F(EndToEndNightly, SaysWhatIsMissing) {
  EXPECT_EQ(spawn(VIGOR_PROGRAM, {"nightly"}, {.folder = folder_.path()}).exit_code, 2);
  for (const std::string name : {"../n1", "..", ".n1", "n 1", "n1\n## pass", "n|1"}) {
    EXPECT_EQ(run({"--night", name}).exit_code, 2) << name;
  }
  EXPECT_EQ(run({"--night", std::string(65, 'n')}).exit_code, 2);
  EXPECT_EQ(run({"--accept", "n9"}).exit_code, 2);
  folder_.write("nightly.json", R"({"folder": "nights"})");
  const SpawnResult result = run();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("missing key 'gate'"));
}

}  // namespace
}  // namespace vigor
