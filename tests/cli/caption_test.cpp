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
