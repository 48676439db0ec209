#include "benchmarks/pope/builder.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "tests/testing/shared_data.h"

namespace vigor::pope {
namespace {

std::vector<ImageObjects> small_world() {
  return {{"1.jpg", {"dog", "person", "car"}},
          {"2.jpg", {"person", "car", "owl"}},
          {"3.jpg", {"cup", "person", "table"}},
          {"4.jpg", {"person"}}};
}

std::string object_of(const Question& question) {
  const std::string& text = question.text;
  const size_t begin = text.find(' ', 9) + 1;  // after "Is there a" or "Is there an"
  return text.substr(begin, text.rfind(" in the ") - begin);
}

// What every split must keep, whatever it draws: yes means present, no means absent, nothing twice.
void expect_sound(const std::vector<Question>& questions, const std::vector<ImageObjects>& images,
                  size_t samples) {
  std::map<std::string, std::set<std::string>> present, asked;
  for (const ImageObjects& image : images) {
    present[image.image].insert(image.objects.begin(), image.objects.end());
  }
  std::map<std::string, size_t> yes, no;
  for (const Question& q : questions) {
    const std::string object = object_of(q);
    EXPECT_EQ(present.at(q.image).contains(object), q.label == "yes") << q.image << " " << q.text;
    EXPECT_TRUE(asked[q.image].insert(object).second) << q.image << " " << q.text;
    ++(q.label == "yes" ? yes : no)[q.image];
  }
  for (const auto& [image, count] : yes) {
    EXPECT_EQ(count, samples);
    EXPECT_EQ(no[image], samples);
  }
}

TEST(PopeBuilder, SplitsAreSoundAndBalanced) {
  const auto images = small_world();
  const PopeQuestions built = build_pope(images, {});
  EXPECT_EQ(built.random.size(), 18u);
  for (const auto* split : {&built.random, &built.popular, &built.adversarial}) {
    expect_sound(*split, images, 3);
  }
  EXPECT_EQ(built.skipped_images, std::vector<std::string>{"4.jpg"});
}

TEST(PopeBuilder, PopularTakesTheMostFrequentAbsentObject) {
  const PopeQuestions built = build_pope(small_world(), {.samples = 1});
  EXPECT_EQ(built.popular[1].text, "Is there an owl in the image?");  // person, car are there
  EXPECT_EQ(built.popular[3].text, "Is there a dog in the image?");
  EXPECT_EQ(built.popular[5].text, "Is there a car in the image?");
}

TEST(PopeBuilder, SeedDecidesAndNothingElse) {
  auto images = small_world();
  const PopeQuestions first = build_pope(images, {.seed = 5});
  EXPECT_EQ(first.random, build_pope(images, {.seed = 5}).random);
  bool differs = false;
  for (uint64_t seed = 6; seed < 16; ++seed) {
    differs |= build_pope(images, {.seed = seed}).random != first.random;
  }
  EXPECT_TRUE(differs);
}

TEST(PopeBuilder, MisspellingOnlyOnRequest) {
  EXPECT_EQ(build_pope(small_world(), {.samples = 1, .official_misspelling = true}).popular[1].text,
            "Is there an owl in the imange?");
}

TEST(PopeBuilder, ImpossibleListsAreErrors) {
  EXPECT_THROW(build_pope({{"1.jpg", {"dog", "cat", "owl"}}}, {}), Error);  // nothing is absent
  EXPECT_THROW(build_pope({{"1.jpg", {"dog"}}}, {}), Error);
  EXPECT_THROW(build_pope(small_world(), {.samples = 0}), Error);
  EXPECT_THROW(build_pope({{"1.jpg", {"dog", "dog", "owl"}}}, {}), Error);
  EXPECT_THROW(build_pope({}, {}), Error);
}

// Folder benchmarks/pope/builder: NAME_segmentation*.jsonl with the authors' tables and questions.
struct BuilderCase {
  std::string name, segmentation, ground_truth, co_occur, popular, adversarial, fallback;
  bool misspelt;
};

const BuilderCase kBuilderCases[] = {
    {"coco", "builder/segmentation_500.jsonl", "builder/coco_ground_truth_objects.json", "",
     "coco_pope_popular.json", "coco_pope_adversarial.json",
     "builder/adversarial_fallback_rows.json", false},
    {"synthetic", "builder/synthetic_segmentation.jsonl", "", "builder/synthetic_co_occur.json",
     "builder/synthetic_pope_popular.json", "builder/synthetic_pope_adversarial.json", "", true}};

class ReferencePopeBuilder : public ::testing::TestWithParam<BuilderCase> {};

std::filesystem::path pope(const std::string& below) {
  return testing::shared(std::filesystem::path("benchmarks/pope") / below);
}

TEST_P(ReferencePopeBuilder, ReproducesThePublishedFiles) {
  const BuilderCase& test = GetParam();
  VIGOR_REQUIRE_SHARED(std::filesystem::path("benchmarks/pope") / test.segmentation);
  const auto images = read_image_objects(pope(test.segmentation));
  const PopeQuestions built = build_pope(images, {.official_misspelling = test.misspelt});
  for (const auto* split : {&built.random, &built.popular, &built.adversarial}) {
    expect_sound(*split, images, 3);
  }
  EXPECT_EQ(built.popular, read_questions(pope(test.popular)).questions);

  std::set<int64_t> fallback;
  if (!test.fallback.empty()) {
    fallback = read_json_file(pope(test.fallback)).at("question_ids").get<std::set<int64_t>>();
  }
  EXPECT_EQ(std::set<int64_t>(built.adversarial_fallback_ids.begin(),
                              built.adversarial_fallback_ids.end()),
            fallback);
  const auto expected = read_questions(pope(test.adversarial)).questions;
  ASSERT_EQ(built.adversarial.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    if (fallback.contains(expected[i].question_id)) continue;
    EXPECT_EQ(built.adversarial[i].text, expected[i].text);
    EXPECT_EQ(built.adversarial[i], expected[i]);
  }

  const auto files = pope_files(built, test.name);
  if (!test.ground_truth.empty()) {
    EXPECT_EQ(nlohmann::ordered_json::parse(files[3].second).dump(),
              nlohmann::ordered_json::parse(read_file(pope(test.ground_truth))).dump());
  }
  if (!test.co_occur.empty()) {
    EXPECT_EQ(nlohmann::ordered_json::parse(files[4].second).dump(),
              nlohmann::ordered_json::parse(read_file(pope(test.co_occur))).dump());
  }
}

INSTANTIATE_TEST_SUITE_P(Published, ReferencePopeBuilder, ::testing::ValuesIn(kBuilderCases),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace vigor::pope
