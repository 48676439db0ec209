#include "scenes/write.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "image/image.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

SceneSetOptions set_of(const std::filesystem::path& out) {
  SceneSetOptions options;
  options.seed = 4;
  options.count = 24;
  options.out = out;
  options.scene.width = options.scene.height = 96;
  options.train = true;
  return options;
}

class SceneSet : public ::testing::Test {
 protected:
  void SetUp() override { summary_ = write_scenes(disk_, set_of(folder_.path()), nullptr); }

  std::map<std::string, std::set<std::string>> truth() {
    std::map<std::string, std::set<std::string>> kinds;
    for (const JsonRow& row : read_json_rows(folder_ / "truth.jsonl")) {
      for (const Json& object : row.value["objects"])
        kinds[row.value["image"]].insert(object["kind"].get<std::string>());
    }
    return kinds;
  }

  testing::TemporaryFolder folder_;
  DiskFileSystem disk_;
  SceneSetSummary summary_;
};

TEST_F(SceneSet, WritesEveryPictureAndItsTruth) {
  EXPECT_EQ(summary_.scenes, 24);
  EXPECT_FALSE(summary_.stopped);
  const auto rows = read_json_rows(folder_ / "truth.jsonl");
  ASSERT_EQ(rows.size(), 24u);
  for (uint64_t i = 0; i < 24; ++i) {
    const Image image = load_image(folder_ / "images" / scene_file_name(i));
    EXPECT_EQ(image.width, 96);
    EXPECT_EQ(rows[i].value, scene_truth(generate_scene(4, i, set_of("x").scene)));
  }
  EXPECT_EQ(read_json_rows(folder_ / "captions.json").size(), 24u);
  EXPECT_EQ(read_json_rows(folder_ / "llava_conversations.json").size(), 24u);
  EXPECT_FALSE(read_file(folder_ / "synonyms.txt").empty());
}

TEST_F(SceneSet, PopeLabelsAreRight) {
  auto kinds = truth();
  EXPECT_GT(summary_.pope_questions, 0);
  for (const char* split : {"random", "popular", "adversarial"}) {
    const auto rows = read_json_rows(folder_ / (std::string("scenes_pope_") + split + ".json"));
    EXPECT_EQ(static_cast<int64_t>(rows.size()), summary_.pope_questions);
    for (const JsonRow& row : rows) {
      const std::string text = row.value["text"];
      bool there = false;
      for (const std::string& kind : kinds.at(row.value["image"])) {
        there = there || text == "Is there " + with_article(kind) + " in the image?";
      }
      EXPECT_EQ(row.value["label"], there ? "yes" : "no") << text;
    }
  }
}

TEST_F(SceneSet, ObjectsFileHasTheKindsOfTheTruth) {
  auto kinds = truth();
  for (const JsonRow& row : read_json_rows(folder_ / "objects.jsonl")) {
    const auto listed = row.value["objects"].get<std::vector<std::string>>();
    EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()), kinds.at(row.value["image"]));
    EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()).size(), listed.size());
  }
}

TEST_F(SceneSet, MmeFoldersHoldPicturesAndPairs) {
  int pairs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "mme" / "existence")) {
    if (entry.path().extension() != ".txt") continue;
    ++pairs;
    EXPECT_TRUE(
        std::filesystem::exists(std::filesystem::path(entry.path()).replace_extension(".jpg")));
    const std::string text = read_file(entry.path());
    EXPECT_NE(text.find("\tYes\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\tNo\n"));
  }
  EXPECT_EQ(pairs, 24);
}

TEST_F(SceneSet, DoesNotDependOnThreadsAndCanGoOnElsewhere) {
  testing::TemporaryFolder other;
  SceneSetOptions options = set_of(other.path());
  options.threads = 1;
  options.first = 10;
  options.count = 5;
  write_scenes(disk_, options, nullptr);
  for (uint64_t i = 10; i < 15; ++i) {
    const std::string name = scene_file_name(i);
    EXPECT_EQ(read_file(other / "images" / name), read_file(folder_ / "images" / name));
  }
}

TEST(SceneSetFormat, TheCommittedExampleIsWhatIsWritten) {
  const auto rows = read_json_rows(testing::source_dir() / "tests/scenes/data/truth.jsonl");
  ASSERT_FALSE(rows.empty());
  for (const JsonRow& row : rows) {
    SceneOptions options;
    options.width = row.value["width"];
    options.height = row.value["height"];
    EXPECT_EQ(
        dump_json(scene_truth(generate_scene(row.value["seed"], row.value["index"], options))),
        dump_json(row.value));
  }
}

TEST_F(SceneSet, ASmallerSetLeavesNoPictureOfTheLargerOne) {
  SceneSetOptions options = set_of(folder_.path());
  options.count = 20;
  options.train = false;
  options.pope_samples = 12;  // more kinds than any of these pictures shows
  write_scenes(disk_, options, nullptr);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "llava_conversations.json"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "scenes_pope_random.json"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "images" / scene_file_name(19)));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("scene_000020")) << entry.path();
}

TEST(SceneSetSmall, AHandfulOfScenesHasNoPopeQuestionsAndSaysWhy) {
  testing::TemporaryFolder folder;
  DiskFileSystem disk;
  SceneSetOptions options = set_of(folder.path());
  options.count = 1;
  const SceneSetSummary summary = write_scenes(disk, options, nullptr);
  EXPECT_EQ(summary.pope_questions, 0);
  EXPECT_FALSE(summary.no_pope.empty());
  EXPECT_TRUE(std::filesystem::exists(folder / "truth.jsonl"));
}

TEST(SceneSetErrors, AFolderOfSomethingElseIsLeftAlone) {
  testing::TemporaryFolder folder;
  folder.write("run.json", "{}");
  DiskFileSystem disk;
  EXPECT_THROW(write_scenes(disk, set_of(folder.path()), nullptr), Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "images"));
}

TEST(SceneSetStop, LeavesNoListsOfHalfASet) {
  testing::TemporaryFolder folder;
  DiskFileSystem disk;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(write_scenes(disk, set_of(folder.path()), nullptr, stop.get_token()).stopped);
  EXPECT_FALSE(std::filesystem::exists(folder / "truth.jsonl"));
}

TEST(SceneSetErrors, SaysWhatIsWrong) {
  testing::TemporaryFolder folder;
  DiskFileSystem disk;
  SceneSetOptions options = set_of(folder.path());
  options.count = 0;
  EXPECT_THROW(write_scenes(disk, options, nullptr), Error);
  options = set_of(folder.write("file", "x"));
  EXPECT_THROW(write_scenes(disk, options, nullptr), Error);
}

}  // namespace
}  // namespace vigor
