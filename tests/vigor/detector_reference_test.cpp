// The detector from a picture file to phrases, against shared/reference/grounding-dino-tiny; and
// how it asks for nouns, on the same checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stop_token>

#include "base/files.h"
#include "tests/model/original_file.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/detector.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

class ReferenceDetector : public ::testing::Test {
 protected:
  void SetUp() override {
    VIGOR_REQUIRE_SHARED("reference/grounding-dino-tiny");
    folder_ = testing::shared("reference/grounding-dino-tiny");
    golden_ = read_json_file(folder_ / "golden.json");
    detector_ = open({});
  }
  std::unique_ptr<PhraseDetector> open(GroundingDinoOptions options) const {
    options.folder = folder_;
    options.dtype = "float32";
    return open_grounding_dino_detector(options);
  }
  Image image(int index) const {
    return load_image(folder_ / "images" / (std::to_string(index) + ".png"));
  }
  static std::string message_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path folder_;
  Json golden_;
  std::unique_ptr<PhraseDetector> detector_;
};

TEST_F(ReferenceDetector, PhrasesOfEachCaptionAtEachThreshold) {
  int compared = 0;
  for (size_t i = 0; i < golden_["captions"].size(); ++i) {
    const auto found = golden_["cases"].find("single" + std::to_string(i));
    if (found == golden_["cases"].end()) continue;
    for (const auto& [setting, golden] : (*found)["post_process"].items()) {
      const Json& expected = golden["images"][0];
      const auto boxes = detector_->ground(
          image(static_cast<int>(i)), golden_["captions"][i].get<std::string>(),
          golden["box_threshold"].get<double>(), golden["text_threshold"].get<double>());
      ASSERT_EQ(boxes.size(), expected["labels"].size()) << i << " " << setting;
      for (size_t b = 0; b < boxes.size(); ++b) {
        EXPECT_EQ(boxes[b].phrase, expected["labels"][b].get<std::string>());
        EXPECT_NEAR(boxes[b].score, expected["scores"][b].get<double>(), 5e-5);
        for (size_t side = 0; side < 4; ++side) {
          EXPECT_NEAR(boxes[b].box[side], expected["boxes_xyxy_pixels"][b][side].get<double>(),
                      0.02);
        }
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 0);
}

TEST_F(ReferenceDetector, AFullStopIsPutAtTheEnd) {
  const auto with = detector_->ground(image(0), " a dog. a cat.\n", 0.1, 0.1);
  const auto without = detector_->ground(image(0), "a dog. a cat", 0.1, 0.1);
  ASSERT_EQ(with.size(), without.size());
  ASSERT_FALSE(with.empty());
  EXPECT_EQ(with[0].score, without[0].score);
}

TEST_F(ReferenceDetector, PromptsThatCannotBeAskedAreRefused) {
  EXPECT_THAT(message_of([&] { detector_->ground(image(0), " . ", 0.1, 0.1); }),
              HasSubstr("names nothing"));
  std::string many;
  for (int i = 0; i < 200; ++i) many += "dog. ";
  EXPECT_THAT(message_of([&] { detector_->ground(image(0), many, 0.1, 0.1); }),
              HasSubstr("402 tokens, and the detector reads 256"));
}

// One noun alone is the prompt "noun.": the best box of its tokens.
TEST_F(ReferenceDetector, ANounsScoreIsThatOfItsBestBox) {
  const std::vector<std::string> nouns = {"umbrella"};
  const auto findings = detector_->find_in(image(0), nouns);
  const auto boxes = detector_->ground(image(0), "umbrella.", 0, 0);
  ASSERT_TRUE(findings[0].score.has_value());
  EXPECT_GT(*findings[0].score, 0);
  float best = 0;
  for (const PhraseBox& box : boxes) best = std::max(best, box.score);
  EXPECT_LE(*findings[0].score, best);
  EXPECT_LT(findings[0].box[0], findings[0].box[2]);
}

TEST_F(ReferenceDetector, EqualNounsAreAskedOnceAndOrderDoesNotMatter) {
  const std::vector<std::string> nouns = {"dog", "traffic light", "Dog", "umbrella"};
  const std::vector<std::string> other = {"umbrella", "dog", "traffic light"};
  const auto first = detector_->find_in(image(0), nouns);
  const auto second = detector_->find_in(image(0), other);
  EXPECT_EQ(*first[0].score, *first[2].score);
  EXPECT_EQ(*first[0].score, *second[1].score);
  EXPECT_EQ(first[1].box, second[2].box);
  EXPECT_EQ(*first[3].score, *second[0].score);
}

TEST_F(ReferenceDetector, WhatCannotBeAskedHasNoScore) {
  const std::vector<std::string> nouns = {"", "dog", "...", "\xF0\x9F\xA6\x84", "st. bernard"};
  const auto findings = detector_->find_in(image(0), nouns);
  EXPECT_THAT(findings[0].error, HasSubstr("nothing to look for"));
  EXPECT_THAT(findings[2].error, HasSubstr("nothing to look for"));
  EXPECT_THAT(findings[3].error, HasSubstr("vocabulary"));
  for (const size_t i : {0u, 2u, 3u}) EXPECT_FALSE(findings[i].score.has_value()) << i;
  for (const size_t i : {1u, 4u}) EXPECT_TRUE(findings[i].score.has_value()) << i;
}

// More nouns than one prompt holds; prompts one after the other or in one batch.
TEST_F(ReferenceDetector, ManyNounsGoThroughSeveralPrompts) {
  std::vector<std::string> nouns;
  for (int i = 0; i < 150; ++i) nouns.push_back("dog number " + std::to_string(i));
  const auto one = detector_->find_in(image(1), nouns);
  const auto many = open({.prompts_per_batch = 3})->find_in(image(1), nouns);
  for (size_t i = 0; i < nouns.size(); ++i) {
    ASSERT_TRUE(one[i].score.has_value()) << nouns[i];
    EXPECT_NEAR(*one[i].score, *many[i].score, 5e-5) << nouns[i];
  }
}

TEST_F(ReferenceDetector, AnotherSideIsAnotherIdentity) {
  const auto smaller = open({.side = 80});
  EXPECT_EQ(smaller->identity()["shortest_edge"], 80);
  EXPECT_NE(smaller->identity(), detector_->identity());
  EXPECT_FALSE(smaller->ground(image(0), "a dog.", 0, 0).empty());
}

// Pictures of two sizes and one that is broken, several prompts each, in any order.
TEST_F(ReferenceDetector, SeveralPicturesAtOnceAreAnsweredAsOneByOne) {
  std::vector<std::string> many;
  for (const char* start : {"dog", "cat", "umbrella", "person", "traffic light", "bench"}) {
    for (int i = 0; i < 12; ++i) many.push_back(std::string(start) + std::string(i, 's'));
  }
  std::vector<PictureNouns> requests;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "images")) {
    for (const size_t nouns : {1u, 72u, 3u}) {
      PictureNouns request;
      request.picture.name = entry.path().filename().string();
      request.picture.bytes = read_file(entry.path());
      request.nouns.assign(many.begin(), many.begin() + static_cast<std::ptrdiff_t>(nouns));
      requests.push_back(std::move(request));
    }
  }
  requests.push_back({{"broken.png", "not a picture", ""}, {"dog"}});
  std::stable_sort(requests.begin(), requests.end(),
                   [](const auto& a, const auto& b) { return a.nouns.size() < b.nouns.size(); });
  const auto single = detector_->find_all(requests, {});
  for (const int batch : {2, 5}) {
    GroundingDinoOptions options;
    options.pictures_per_batch = batch;
    const auto detector = open(options);
    EXPECT_GE(detector->pictures_together(), static_cast<size_t>(batch));
    const auto together = detector->find_all(requests, {});
    ASSERT_EQ(together.size(), single.size());
    for (size_t i = 0; i < single.size(); ++i) {
      EXPECT_EQ(together[i].error, single[i].error);
      ASSERT_EQ(together[i].findings.size(), single[i].findings.size());
      for (size_t n = 0; n < single[i].findings.size(); ++n) {
        const NounFinding& one = single[i].findings[n];
        const NounFinding& other = together[i].findings[n];
        EXPECT_EQ(other.error, one.error);
        ASSERT_EQ(other.score.has_value(), one.score.has_value());
        if (!one.score) continue;
        EXPECT_NEAR(*other.score, *one.score, 2e-5) << i << " " << n;
      }
    }
    std::stop_source stop;
    stop.request_stop();
    for (const PictureFindings& answer : detector->find_all(requests, stop.get_token())) {
      EXPECT_TRUE(answer.error == kStopped || answer.error.find("broken.png") != std::string::npos);
    }
  }
}

// The official release: one file, the geometry named, the vocabulary beside it.
TEST_F(ReferenceDetector, TheOfficialReleasesFileIsTheSameDetector) {
  testing::TemporaryFolder out;
  out.write("dino.pth", testing::original_grounding_dino(folder_, "model."));
  GroundingDinoOptions options;
  options.dtype = "float32";
  options.folder = out / "dino.pth";
  EXPECT_THAT(message_of([&] { open_grounding_dino_detector(options); }),
              HasSubstr("--detector-config"));
  options.config = folder_ / "config.json";
  EXPECT_THAT(message_of([&] { open_grounding_dino_detector(options); }),
              HasSubstr("no vocab.txt beside"));
  for (const char* name : {"vocab.txt", "preprocessor_config.json"}) {
    std::filesystem::copy_file(folder_ / name, out / name);
  }
  const auto original = open_grounding_dino_detector(options);
  const std::vector<std::string> nouns = {"dog", "traffic light"};
  const auto expected = detector_->find_in(image(0), nouns);
  const auto found = original->find_in(image(0), nouns);
  for (size_t i = 0; i < nouns.size(); ++i) {
    EXPECT_EQ(found[i].score, expected[i].score);
    EXPECT_EQ(found[i].box, expected[i].box);
  }
  EXPECT_NE(original->identity(), detector_->identity());
  // Without the file beside it, pictures are as large as the published detectors take them.
  std::filesystem::remove(out / "preprocessor_config.json");
  EXPECT_EQ(open_grounding_dino_detector(options)->identity()["shortest_edge"], 800);

  GroundingDinoOptions folder = options;
  folder.folder = folder_;
  EXPECT_THAT(message_of([&] { open_grounding_dino_detector(folder); }),
              HasSubstr("holds its own config.json"));
}

}  // namespace
}  // namespace vigor
