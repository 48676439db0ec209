// vigor-eval pope through the built program: exit codes, messages, resume.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;

// Three pictures, two splits, and a recording that answers everything.
class EndToEndPope : public ::testing::Test {
 protected:
  EndToEndPope() {
    fs::create_directories(folder_ / "images");
    std::string recording;
    for (const char* split : {"random", "popular"}) {
      std::string questions;
      int id = 0;
      for (const char* image : {"a.jpg", "b.jpg", "c.jpg"}) {
        for (const char* thing : {"dog", split}) {
          const std::string text = "Is there a " + std::string(thing) + " in the image?";
          ++id;
          questions += dump_json({{"question_id", id},
                                  {"image", image},
                                  {"text", text},
                                  {"label", id % 2 == 1 ? "yes" : "no"}}) +
                       "\n";
          recording += dump_json({{"image", image},
                                  {"question", text},
                                  {"answer", id % 3 == 0 ? "No" : "Yes"},
                                  {"margin", id * 0.5}}) +
                       "\n";
        }
      }
      folder_.write(std::string("coco_pope_") + split + ".json", questions);
    }
    // The question about the dog is in both splits, with answers that differ by its id.
    std::map<std::pair<std::string, std::string>, Json> first;
    std::string unique;
    for_each_jsonl(recording, "recording", [&](size_t, Json&& row) {
      if (first.emplace(std::pair(row["image"], row["question"]), row).second) {
        unique += dump_json(row) + "\n";
      }
    });
    folder_.write("recording.jsonl", unique);
  }

  SpawnResult pope(std::vector<std::string> more = {}, const testing::SpawnOptions& options = {}) {
    std::vector<std::string> arguments = {"pope",
                                          "--model",
                                          "recorded:" + (folder_ / "recording.jsonl").string(),
                                          "--questions",
                                          (folder_ / "coco_pope_random.json").string(),
                                          (folder_ / "coco_pope_popular.json").string(),
                                          "--images",
                                          (folder_ / "images").string(),
                                          "--out",
                                          (folder_ / "run").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments, options);
  }
  std::string path(const char* below) { return (folder_ / below).string(); }

  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndPope, ARunHasItsThreeFilesAndAReport) {
  const SpawnResult result = pope();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("random"));
  EXPECT_THAT(result.out, HasSubstr("report: " + path("run/report.html")));
  const Json run = read_json_file(folder_ / "run/run.json");
  EXPECT_EQ(run["questions_asked"], 9);
  EXPECT_EQ(run["rows"], 12);
  for (const char* key : {"what", "settings", "dataset", "model", "versions", "git_commit",
                          "device", "dtype", "timing", "rows_per_s", "useful_flops",
                          "peak_memory_bytes", "status_counts", "checkpoint_hash"}) {
    EXPECT_TRUE(run.contains(key)) << key;
  }
  EXPECT_EQ(read_json_file(folder_ / "run/metrics.json")["counts"]["scored"], 12);
  EXPECT_TRUE(fs::exists(folder_ / "run/report.md"));
}

TEST_F(EndToEndPope, JsonIsOneDocument) {
  const SpawnResult result = pope({"--json"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(Json::parse(result.out), read_json_file(folder_ / "run/metrics.json"));
}

TEST_F(EndToEndPope, AnotherDialectOfTheSameRunNeedsNoModel) {
  ASSERT_EQ(pope().exit_code, 0);
  const SpawnResult result = spawn(
      VIGOR_PROGRAM, {"pope", "--model", "recorded:" + path("run/samples.jsonl"), "--questions",
                      path("coco_pope_random.json"), "--images", path("images"), "--out",
                      path("strict"), "--dialect", "strict", "--json", "--no-report"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["dialect"], "strict");
  EXPECT_FALSE(fs::exists(folder_ / "strict/report.html"));
}

TEST_F(EndToEndPope, ARecordedRunKeepsTheWholePromptOfItsRun) {
  ASSERT_EQ(pope({"--prompt-suffix", "One word.", "--no-report"}).exit_code, 0);
  // As a run of a checkpoint has them.
  Json run = read_json_file(folder_ / "run/run.json");
  run["settings"]["model"]["conversation"] = "llava_v1";
  run["settings"]["model"]["system_prompt"] = "Be brief.";
  folder_.write("run/run.json", dump_json(run));
  const auto again = [&](const std::string& out, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"pope",
                                          "--model",
                                          "recorded:" + path("run/samples.jsonl"),
                                          "--questions",
                                          path("coco_pope_random.json"),
                                          "--images",
                                          path("images"),
                                          "--out",
                                          path(out.c_str()),
                                          "--no-report"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments);
  };
  const SpawnResult result = again("again", {});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json settings = read_json_file(folder_ / "again/run.json")["settings"];
  EXPECT_EQ(settings["prompt"]["suffix"], "One word.");
  EXPECT_EQ(settings["model"]["conversation"], "llava_v1");
  EXPECT_EQ(settings["model"]["system_prompt"], "Be brief.");
  // And again, from what that one recorded.
  EXPECT_EQ(again("same", {"--conversation", "llava_v1", "--system-prompt", "Be brief."}).exit_code,
            0);
  for (const char* option : {"--conversation", "--system-prompt", "--prompt-suffix"}) {
    const SpawnResult other = again("other", {option, "plain"});
    EXPECT_EQ(other.exit_code, 2) << option;
    EXPECT_THAT(other.err,
                HasSubstr(std::string("the recorded answers were given to another ") + option));
    EXPECT_FALSE(fs::exists(folder_ / "other"));
  }
}

TEST_F(EndToEndPope, OtherSettingsAreRefused) {
  ASSERT_EQ(pope().exit_code, 0);
  const SpawnResult result = pope({"--dialect", "lmms"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err,
            "error: " + path("run/run.json") +
                ": the folder holds a run made with other settings: dialect: was \"official\", now "
                "\"lmms\"\n  likely cause: results under different settings cannot be mixed in one "
                "run\n  what to do: choose another folder with --out, or use the settings of that "
                "run\n");
}

TEST_F(EndToEndPope, AMissingAnswerWithholdsTheScores) {
  const std::string recording = read_file(folder_ / "recording.jsonl");
  folder_.write("recording.jsonl", recording.substr(recording.find('\n') + 1));
  const SpawnResult result = pope();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the scores are withheld: 2 samples failed"));
  EXPECT_THAT(result.err, HasSubstr("a.jpg: no recorded answer to this question"));
  EXPECT_TRUE(read_json_file(folder_ / "run/metrics.json")["average"]["accuracy"].is_null());
  EXPECT_EQ(pope({"--max-failures", "2"}).exit_code, 0);
}

TEST_F(EndToEndPope, AMissingFileIsNamed) {
  const SpawnResult result =
      spawn(VIGOR_PROGRAM,
            {"pope", "--model", "recorded:" + path("recording.jsonl"), "--questions",
             path("coco_pope_rnd.json"), "--images", path("images"), "--out", path("run")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("error: " + path("coco_pope_rnd.json") + ": no such file"));
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(EndToEndPope, WrongJsonIsNamedByLine) {
  folder_.write(
      "coco_pope_random.json",
      R"({"question_id":1,"image":"a.jpg","text":"Is there a dog in the image?","label":"yes"})"
      "\n{\"question_id\":2,\n");
  const SpawnResult result = pope();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("error: " + path("coco_pope_random.json") + ":2"));
}

TEST_F(EndToEndPope, APictureOutsideTheFolderIsRefused) {
  folder_.write(
      "coco_pope_random.json",
      R"({"question_id":1,"image":"../a.jpg","text":"Is there a dog in the image?","label":"yes"})");
  const SpawnResult result = pope();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err,
            "error: split random, question 1: the image path ../a.jpg leaves the folder " +
                path("images") +
                ": it has \"..\"\n  likely cause: the file was written for another "
                "folder, or is not to be trusted\n  what to do: use names relative to "
                "--images, without \"..\"\n");
}

TEST_F(EndToEndPope, AnOutputFolderThatCannotBeMadeIsOneError) {
  folder_.write("run", "a file");
  const SpawnResult result = pope();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("error: " + path("run") + ": cannot be made"));
}

TEST_F(EndToEndPope, UnknownConfigKeysSuggestTheNearest) {
  folder_.write("config.json", R"({"max_new_token": 4})");
  const SpawnResult result = pope({"--config", path("config.json")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("max_new_token"));
  EXPECT_THAT(result.err, HasSubstr("max_new_tokens"));
}

TEST_F(EndToEndPope, WhatIsMissingIsAUsageError) {
  const SpawnResult result = spawn(VIGOR_PROGRAM, {"pope", "--out", path("run")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(
      result.err,
      "error: missing --questions: the question files of POPE\n  what to do: give --questions\n");
}

TEST_F(EndToEndPope, AFullDiskIsOneErrorAndTheRunGoesOn) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  ASSERT_EQ(pope().exit_code, 0);
  const std::string expected = read_file(folder_ / "run/metrics.json");
  const std::string samples = read_file(folder_ / "run/samples.jsonl");
  fs::remove_all(folder_ / "run");
  // The disk is full when the figures are written, after all the work.
  fs::create_directories(folder_ / "run");
  fs::create_symlink("/dev/full", folder_ / "run/metrics.json.tmp");
  const SpawnResult full = pope();
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_EQ(full.err.substr(full.err.find("error: ")),
            "error: " + path("run/metrics.json.tmp") +
                ": no space left on the disk\n  what to do: free some space and run the same "
                "command again: what was written is kept\n");
  EXPECT_EQ(read_file(folder_ / "run/samples.jsonl"), samples);
  fs::remove(folder_ / "run/metrics.json.tmp");
  EXPECT_EQ(pope().exit_code, 0);
  EXPECT_EQ(read_file(folder_ / "run/metrics.json"), expected);
  EXPECT_EQ(read_json_file(folder_ / "run/run.json")["questions_asked"], 9);
}

// Makes the recording slow, so that a signal meets the run in the middle.
void slow_down(const testing::TemporaryFolder& folder) {
  std::string slow;
  for_each_jsonl(read_file(folder / "recording.jsonl"), "recording", [&](size_t, Json&& row) {
    row["delay_s"] = 0.1;
    slow += dump_json(row) + "\n";
  });
  folder.write("recording.jsonl", slow);
}

size_t lines(const fs::path& file) {
  if (!fs::exists(file)) return 0;
  const std::string text = read_file(file);
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(EndToEndPope, AnInterruptKeepsWhatIsDone) {
  slow_down(folder_);
  ASSERT_EQ(pope({"--out", path("whole"), "--no-report"}).exit_code, 2);  // --out twice
  bool sent = false;
  const SpawnResult result = pope({}, {.meanwhile = [&](pid_t process) {
                                    if (!sent && lines(folder_ / "run/samples.jsonl") > 0) {
                                      ::kill(process, SIGINT);
                                      sent = true;
                                    }
                                  }});
  ASSERT_TRUE(sent);
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.err, HasSubstr("samples are kept in"));
  const size_t kept = lines(folder_ / "run/samples.jsonl");
  EXPECT_LT(kept, 12u);
  EXPECT_EQ(pope().exit_code, 0);
  EXPECT_EQ(lines(folder_ / "run/samples.jsonl"), 12u);
  EXPECT_EQ(read_json_file(folder_ / "run/run.json")["questions_asked"], 9);
}

TEST_F(EndToEndPope, AKilledRunIsFinishedByTheSameCommand) {
  slow_down(folder_);
  bool sent = false;
  const SpawnResult result = pope({}, {.meanwhile = [&](pid_t process) {
                                    if (!sent && lines(folder_ / "run/samples.jsonl") > 0) {
                                      ::kill(process, SIGKILL);
                                      sent = true;
                                    }
                                  }});
  EXPECT_EQ(result.signal, SIGKILL);
  const SpawnResult again = pope();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("going on with a run that has"));
  EXPECT_EQ(lines(folder_ / "run/samples.jsonl"), 12u);
}

TEST_F(EndToEndPope, BuildMakesQuestionFilesThatPopeTakes) {
  std::string objects;
  for (int i = 0; i < 6; ++i) {
    objects +=
        dump_json({{"image", std::to_string(i) + ".jpg"},
                   {"objects", {"dog", i % 2 == 0 ? "car" : "cat", i < 3 ? "tree" : "cup"}}}) +
        "\n";
  }
  const SpawnResult built = spawn(
      VIGOR_PROGRAM, {"pope", "build", "--objects", folder_.write("o.jsonl", objects).string(),
                      "--out", path("questions"), "--samples", "2", "--json"});
  EXPECT_EQ(built.exit_code, 0) << built.err;
  EXPECT_EQ(Json::parse(built.out)["questions"]["popular"], 24);
  EXPECT_TRUE(fs::exists(folder_ / "questions/coco_pope_adversarial.json"));
}

}  // namespace
}  // namespace vigor
