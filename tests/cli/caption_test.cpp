// vigor-eval caption and chair through the built program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class EndToEndCaption : public ::testing::Test {
 protected:
  EndToEndCaption() {
    for (const char* name : {"images/b.png", "images/a.JPG", "images/notes.txt"})
      folder_.write(name, "");
    folder_.write("recording.jsonl",
                  "{\"image\":\"a.JPG\",\"question\":\"Say.\",\"answer\":\"A dog and two cats.\"}\n"
                  "{\"image\":\"b.png\",\"question\":\"Say.\",\"answer\":\"A car.\"}\n");
  }
  SpawnResult caption(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"caption",
                                          "--model",
                                          "recorded:" + path("recording.jsonl"),
                                          "--images",
                                          path("images"),
                                          "--out",
                                          path("captions.jsonl"),
                                          "--prompt",
                                          "Say."};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments);
  }
  std::string path(const char* below) { return (folder_ / below).string(); }
  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndCaption, CaptionsOfEveryPictureByName) {
  const SpawnResult result = caption();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<JsonRow> rows = read_json_rows(folder_ / "captions.jsonl");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].value["image"], "a.JPG");
  EXPECT_EQ(rows[0].value["caption"], "A dog and two cats.");
  EXPECT_THAT(caption().err, HasSubstr("this run is complete: nothing is asked again"));
  EXPECT_EQ(caption({"--seed", "4"}).exit_code, 1);
}

TEST_F(EndToEndCaption, APictureWithoutACaptionIsAFailure) {
  folder_.write("images/c.png", "");
  const SpawnResult result = caption();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("1 captions failed"));
  EXPECT_TRUE(read_json_rows(folder_ / "captions.jsonl")[2].value["caption"].is_null());
  EXPECT_EQ(caption({"--max-failures", "1"}).exit_code, 0);
}

TEST_F(EndToEndCaption, EachPictureIsAskedInItsOwnWordsWhichTheRunRemembers) {
  // Every picture knows an answer to both phrasings.
  std::string recording, prompts;
  for (const char* prompt : {"Say.", "Tell."}) {
    prompts += std::string(prompt) + "\n";
    for (const char* image : {"a.JPG", "b.png"}) {
      recording += dump_json({{"image", image},
                              {"question", prompt},
                              {"answer", std::string(image) + " " + prompt}}) +
                   "\n";
    }
  }
  folder_.write("both.jsonl", recording);
  folder_.write("prompts.txt", prompts);
  folder_.write("other.txt", prompts + "Go on.\n");
  const auto sample = [&](const char* file, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"--model",   "recorded:" + path("both.jsonl"),
                                          "--images",  path("images"),
                                          "--prompts", path(file),
                                          "--out",     path("samples.jsonl")};
    arguments.insert(arguments.begin(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments);
  };
  const SpawnResult result = sample("prompts.txt", {"train", "sample"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<JsonRow> rows = read_json_rows(folder_ / "samples.jsonl");
  ASSERT_EQ(rows.size(), 10u) << "the stage draws five of each";
  for (const JsonRow& row : rows) {
    EXPECT_EQ(row.value["caption"],
              row.value["image"].get<std::string>() + " " + row.value["prompt"].get<std::string>());
  }
  const Json run = read_json_file(folder_ / "samples.jsonl.run/run.json");
  EXPECT_EQ(run["settings"]["prompt"]["count"], 2);
  EXPECT_TRUE(run["settings"]["prompt"]["sha256"].is_string());
  const SpawnResult other = sample("other.txt", {"train", "sample"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("prompt"));
  // The same as caption with those numbers.
  EXPECT_THAT(sample("prompts.txt", {"caption", "--samples", "5", "--temperature", "0.7"}).err,
              HasSubstr("this run is complete"));
  EXPECT_EQ(sample("prompts.txt", {"caption", "--prompt", "Say."}).exit_code, 2);
  EXPECT_EQ(sample("none.txt", {"caption"}).exit_code, 1);
}

TEST_F(EndToEndCaption, HiddenFilesAreNoPictures) {
  folder_.write("images/.a.jpg", "");
  folder_.write("images/._b.png", "");
  EXPECT_EQ(caption().exit_code, 0);
  EXPECT_EQ(read_json_rows(folder_ / "captions.jsonl").size(), 2u);
}

TEST_F(EndToEndCaption, AFileThatCannotBeNamedOrLeavesTheFolderFailsItselfAlone) {
  folder_.write("images/caf\xE9.png", "");
  folder_.write("secret.png", "");
  fs::create_symlink(folder_ / "secret.png", folder_ / "images/z.png");
  const SpawnResult result = caption();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("2 captions failed"));
  const std::vector<JsonRow> rows = read_json_rows(folder_ / "captions.jsonl");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1].value["caption"], "A car.");
  EXPECT_EQ(rows[2].value["image"], "caf\\xe9.png");
  EXPECT_EQ(rows[2].value["status"], "failed");
  EXPECT_THAT(rows[2].value["error"].get<std::string>(), HasSubstr("name is not UTF-8"));
  EXPECT_THAT(rows[3].value["error"].get<std::string>(), HasSubstr("a symbolic link leads out"));
  const SpawnResult accepted = caption({"--max-failures", "2"});
  EXPECT_EQ(accepted.exit_code, 0) << accepted.err;
  EXPECT_EQ(read_json_rows(folder_ / "captions.jsonl").size(), 4u);
  // Renamed, it is asked for, and nothing else is.
  fs::rename(folder_ / "images/caf\xE9.png", folder_ / "images/cafe.png");
  fs::remove(folder_ / "images/z.png");
  folder_.write("images/c.png", "");
  const SpawnResult renamed = caption({"--max-failures", "2"});
  EXPECT_EQ(renamed.exit_code, 0) << renamed.err;
  EXPECT_EQ(read_json_rows(folder_ / "captions.jsonl").size(), 4u);
}

TEST_F(EndToEndCaption, ATemperatureThatIsNoNumberIsRefused) {
  for (const char* value : {"nan", "inf", "-1", "warm"}) {
    EXPECT_EQ(caption({"--temperature", value}).exit_code, 2) << value;
    EXPECT_EQ(caption({"--top-p", value}).exit_code, 2) << value;
  }
  EXPECT_EQ(caption({"--seed", "-1"}).exit_code, 2);
  folder_.write("config.json", "{\"temperature\": \"nan\"}");
  EXPECT_EQ(caption({"--config", path("config.json")}).exit_code, 2);
  EXPECT_FALSE(fs::exists(folder_ / "captions.jsonl.run"));
}

TEST_F(EndToEndCaption, GreedySamplesAreRefused) {
  EXPECT_EQ(caption({"--samples", "3"}).exit_code, 2);
}

TEST_F(EndToEndCaption, ChairScoresThem) {
  ASSERT_EQ(caption().exit_code, 0);
  folder_.write("objects.jsonl",
                "{\"image\":\"a.JPG\",\"objects\":[\"dog\"]}\n"
                "{\"image\":\"b.png\",\"objects\":[\"car\",\"cat\"]}\n");
  const SpawnResult result =
      spawn(VIGOR_PROGRAM, {"chair", "--captions", path("captions.jsonl"), "--objects",
                            path("objects.jsonl"), "--out", path("chair"), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json metrics = Json::parse(result.out);
  EXPECT_EQ(metrics["chair_s"], 0.5);
  EXPECT_EQ(metrics["mentions"], 3);
  EXPECT_EQ(metrics["dialect"], "official");
  EXPECT_EQ(metrics, read_json_file(folder_ / "chair/metrics.json"));
  EXPECT_EQ(read_json_file(folder_ / "chair/run.json")["what"], "chair");
}

}  // namespace
}  // namespace vigor
