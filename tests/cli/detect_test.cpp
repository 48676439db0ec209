// vigor-eval detect through the built program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::spawn;

class EndToEndDetect : public ::testing::Test {
 protected:
  void SetUp() override {
    VIGOR_REQUIRE_SHARED("reference/grounding-dino-tiny");
    checkpoint_ = testing::shared("reference/grounding-dino-tiny");
  }
  std::vector<std::string> arguments(const std::string& prompt, const std::string& image = "") {
    return {"detect",
            "--detector",
            checkpoint_.string(),
            "--image",
            image.empty() ? (checkpoint_ / "images/0.png").string() : image,
            "--prompt",
            prompt,
            "--out",
            (folder_ / "boxes.json").string()};
  }
  fs::path checkpoint_;
  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndDetect, WritesCocoAndAPictureWithTheBoxes) {
  const Json golden = read_json_file(checkpoint_ / "golden.json");
  const Json& expected = golden["cases"]["single0"]["post_process"]["chosen"];
  auto command = arguments(golden["captions"][0].get<std::string>());
  for (const std::string& word :
       {std::string("--box-threshold"), dump_json(expected["box_threshold"]),
        std::string("--text-threshold"), dump_json(expected["text_threshold"]),
        std::string("--dtype"), std::string("float32"), std::string("--draw"),
        (folder_ / "drawn.png").string()}) {
    command.push_back(word);
  }
  const auto result = spawn(VIGOR_PROGRAM, command);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json boxes = read_json_file(folder_ / "boxes.json");
  const Json& picture = expected["images"][0];
  EXPECT_EQ(boxes["images"][0]["file_name"], "0.png");
  EXPECT_EQ(boxes["images"][0]["height"], picture["target_size_hw"][0]);
  ASSERT_EQ(boxes["annotations"].size(), picture["labels"].size());
  for (size_t i = 0; i < picture["labels"].size(); ++i) {
    const Json& row = boxes["annotations"][i];
    EXPECT_EQ(row["phrase"], picture["labels"][i]);
    const auto category = row["category_id"].get<size_t>();
    EXPECT_EQ(boxes["categories"][category - 1]["name"], row["phrase"]);
    const auto corners = picture["boxes_xyxy_pixels"][i].get<std::vector<double>>();
    EXPECT_NEAR(row["bbox"][0].get<double>(), corners[0], 0.02);
    EXPECT_NEAR(row["bbox"][2].get<double>(), corners[2] - corners[0], 0.04);
  }
  EXPECT_GT(fs::file_size(folder_ / "drawn.png"), 1000u);
  EXPECT_THAT(result.out, HasSubstr("boxes above"));
}

TEST_F(EndToEndDetect, MistakesAreNamedAndNothingIsWritten) {
  struct Mistake {
    std::vector<std::string> command;
    int exit_code;
    std::string message;
  };
  const auto with = [&](std::vector<std::string> command, std::vector<std::string> more) {
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  const fs::path text = folder_.write("text.png", "no picture");
  const std::string image = (checkpoint_ / "images/0.png").string();
  const std::vector<Mistake> mistakes = {
      {{"detect"}, 2, "--detector"},
      {arguments(" . "), 2, "names nothing"},
      {arguments("a dog.", text.string()), 1, "text.png"},
      {arguments("a dog.", (folder_ / "none.png").string()), 1, "none.png"},
      {with(arguments("a dog."), {"--draw", (folder_ / "drawn.gif").string()}), 2, ".png or .jpg"},
      {with(arguments("a dog."), {"--draw", image}), 2, "overwrite"},
      {with(arguments("a dog."), {"--box-threshold", "2"}), 2, "box-threshold"},
      {{"detect", "--detector", folder_.path().string(), "--image", image, "--prompt", "a dog.",
        "--out", (folder_ / "boxes.json").string()},
       1,
       ""},
  };
  for (const Mistake& mistake : mistakes) {
    const auto result = spawn(VIGOR_PROGRAM, mistake.command);
    EXPECT_EQ(result.exit_code, mistake.exit_code) << mistake.message << result.err;
    EXPECT_THAT(result.err, HasSubstr(mistake.message));
    EXPECT_THAT(result.err, HasSubstr("error"));
  }
  EXPECT_FALSE(fs::exists(folder_ / "boxes.json"));
}

}  // namespace
}  // namespace vigor
