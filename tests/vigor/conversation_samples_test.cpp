// What is trained on: the rows of a file, and those that are drawn of another one beside them.
#include "vigor/conversation_samples.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "image/image.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/conversation_row.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConversationSamplesTest : public ::testing::Test {
 protected:
  ConversationSamplesTest() {
    // One name, two folders: black and white.
    for (const auto& [name, grey] : {std::pair{"ours", 0}, {"theirs", 255}}) {
      const Image image{8, 8, std::vector(3 * 8 * 8, static_cast<uint8_t>(grey))};
      folder_.write(std::string(name) + "/a.png", encode_png(image));
    }
    folder_.write("captions.json", dump_json(rows("caption", 3)));
    folder_.write("questions.json", dump_json(rows("question", 20)));
    preprocess_.shortest_edge = preprocess_.crop_width = preprocess_.crop_height = 8;
  }
  static Json rows(const std::string& name, int count) {
    Json out = Json::array();
    for (int i = 0; i < count; ++i) {
      out.push_back(conversation_row(name + std::to_string(i), "a.png", "What is it?", "A cup."));
    }
    return out;
  }
  ConversationSamples open(const std::optional<BesideOptions>& beside) const {
    ConversationSamplesOptions options;
    options.data = folder_ / "captions.json";
    options.images = folder_ / "ours";
    options.beside = beside;
    return {options, tokenizer_, preprocess_, nullptr, nullptr};
  }
  BesideOptions questions(uint64_t count, uint64_t seed) const {
    return {folder_ / "questions.json", folder_ / "theirs", count, seed};
  }
  static std::vector<std::string> ids(const ConversationSamples& samples) {
    std::vector<std::string> out;
    for (uint64_t i = 0; i < samples.size(); ++i) out.push_back(samples.sample(i).id);
    return out;
  }

  testing::TemporaryFolder folder_;
  ClipPreprocess preprocess_;
  Tokenizer tokenizer_ = Tokenizer::load(testing::source_dir() / "data/demo");
};

TEST_F(ConversationSamplesTest, OthersAreDrawnBesideByTheSeedEachOnce) {
  const std::vector<std::string> drawn = ids(open(questions(8, 1)));
  EXPECT_EQ(drawn.size(), 3u + 8u);
  EXPECT_EQ(std::set<std::string>(drawn.begin(), drawn.end()).size(), drawn.size());
  EXPECT_THAT(std::vector(drawn.begin(), drawn.begin() + 3),
              ElementsAre("caption0", "caption1", "caption2"));
  EXPECT_EQ(ids(open(questions(8, 1))), drawn);
  EXPECT_NE(ids(open(questions(8, 2))), drawn);
  for (const uint64_t all : {0, 20, 21}) EXPECT_EQ(open(questions(all, 1)).size(), 3u + 20u);
}

TEST_F(ConversationSamplesTest, EveryRowIsDrawnAsOftenAsAnother) {
  std::map<std::string, int> times;
  constexpr int kSeeds = 200;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    for (const std::string& id : ids(open(questions(5, seed)))) ++times[id];
  }
  for (int i = 0; i < 20; ++i) {
    // A quarter of 200, and four standard deviations of chance.
    EXPECT_NEAR(times["question" + std::to_string(i)], kSeeds / 4, 4 * 6.13) << i;
  }
}

TEST_F(ConversationSamplesTest, APictureIsThatOfItsOwnFolder) {
  const ConversationSamples samples = open(questions(1, 1));
  EXPECT_NE(samples.picture(0), samples.picture(3)) << "one name, two pictures";
  EXPECT_EQ(samples.picture(0), samples.picture(1));
  EXPECT_LT(samples.image(0).max().item<float>(), samples.image(3).min().item<float>());
}

TEST_F(ConversationSamplesTest, ARunThatGoesOnNoticesOthersBesideIt) {
  const Json alone = open(std::nullopt).identity();
  EXPECT_FALSE(alone.contains("beside")) << "runs of before it was there go on";
  EXPECT_NE(open(questions(8, 1)).identity(), open(questions(8, 2)).identity());
  const Json before = open(questions(8, 1)).identity();
  folder_.write("questions.json", dump_json(rows("other", 20)));
  EXPECT_NE(open(questions(8, 1)).identity(), before);
}

TEST_F(ConversationSamplesTest, MistakesNameTheirFile) {
  folder_.write("questions.json", "[]");
  try {
    open(questions(8, 1));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("questions.json"));
  }
}

}  // namespace
}  // namespace vigor
