// Scenes as a detector's training data: what prompts name and what boxes are wanted.
#include "vigor/scene_detections.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "vigor/detector_prompts.h"

namespace vigor {
namespace {

SceneDetectionsOptions few_scenes() {
  SceneDetectionsOptions options;
  options.scenes.count = 4;
  options.preprocess.shortest_edge = options.preprocess.longest_edge = 64;
  return options;
}

WordPieceTokenizer scene_words() {
  return {scene_vocabulary(), "vocab.txt"};
}

TEST(SceneDetections, TheVocabularyHasEveryKindAndBertsNumbers) {
  const WordPieceTokenizer words = scene_words();
  EXPECT_EQ(words.cls_id(), 101);
  EXPECT_EQ(words.sep_id(), 102);
  EXPECT_EQ(words.id_to_token(kFullStopId), ".");
  EXPECT_EQ(words.id_to_token(kQuestionMarkId), "?");
  for (const std::string& kind : scene_kinds()) {
    for (const std::string& name : {kind, plural_of(kind)}) {
      const std::vector<int> ids = words.encode(name);
      EXPECT_EQ(std::count(ids.begin(), ids.end(), words.unk_id()), 0) << name;
      EXPECT_EQ(words.decode(ids, true), name);
    }
  }
}

TEST(SceneDetections, BoxesAndTokensAreTheScenes) {
  const WordPieceTokenizer words = scene_words();
  SceneDetectionsOptions options = few_scenes();
  options.ask_all = true;
  const SceneDetections samples(options, words, nullptr);
  EXPECT_EQ(samples.size(), 8u);
  const auto batch = samples.batch(std::vector<uint64_t>{1, 5}, 0);  // scene 1 and its mirror image
  EXPECT_EQ(batch.pixels.sizes(), at::IntArrayRef({2, 3, 64, 64}));
  EXPECT_TRUE(at::equal(batch.pixels[1], batch.pixels[0].flip({2})));
  const Scene scene = generate_scene(0, 1);
  ASSERT_EQ(batch.targets[0].boxes.size(0), static_cast<int64_t>(scene.objects.size()));
  std::multiset<std::string> expected, found;
  for (const SceneObject& object : scene.objects) {
    expected.insert(object.kind + " " + std::to_string(object.box.x0 + object.box.x1) + " " +
                    std::to_string(object.box.y1 - object.box.y0));
  }
  for (int64_t i = 0; i < batch.targets[0].boxes.size(0); ++i) {
    std::vector<int> ids;
    for (int64_t t = 0; t < batch.ids.size(1); ++t) {
      if (batch.targets[0].tokens[i][t].item<float>() > 0) {
        ids.push_back(static_cast<int>(batch.ids[0][t].item<int64_t>()));
      }
    }
    const at::Tensor box = batch.targets[0].boxes[i] * 256;
    found.insert(words.decode(ids, true) + " " +
                 std::to_string(std::lround(2 * box[0].item<float>())) + " " +
                 std::to_string(std::lround(box[3].item<float>())));
    EXPECT_NEAR(batch.targets[1].boxes[i][0].item<float>(),
                1 - batch.targets[0].boxes[i][0].item<float>(), 1e-6);
  }
  EXPECT_EQ(found, expected);
  ASSERT_EQ(batch.nouns[0].size(), scene_kinds().size());
  for (size_t k = 0; k < scene_kinds().size(); ++k) {
    const bool present = std::any_of(
        scene.objects.begin(), scene.objects.end(),
        [&](const SceneObject& object) { return object.kind_index == static_cast<int>(k); });
    EXPECT_EQ(batch.nouns[0][k].present, present) << scene_kinds()[k];
  }
}

TEST(SceneDetections, PromptsAreDrawnAnewByStepAndAlikeForTheSame) {
  const WordPieceTokenizer words = scene_words();
  const SceneDetections samples(few_scenes(), words, nullptr);
  const std::vector<uint64_t> indices = {0, 1, 2, 3, 4, 5, 6, 7};
  std::set<size_t> lengths;
  for (int64_t step = 0; step < 6; ++step) {
    const auto batch = samples.batch(indices, step);
    EXPECT_TRUE(at::equal(batch.ids, samples.batch(indices, step).ids));
    EXPECT_FALSE(at::equal(batch.ids.flatten().slice(0, 0, 40),
                           samples.batch(indices, step + 1).ids.flatten().slice(0, 0, 40)));
    for (size_t i = 0; i < indices.size(); ++i) {
      lengths.insert(batch.nouns[i].size());
      EXPECT_FALSE(batch.nouns[i].empty());
      for (const AskedNoun& noun : batch.nouns[i]) {
        const bool wanted =
            batch.targets[i].tokens.slice(1, noun.begin, noun.end).sum().item<float>() > 0;
        EXPECT_EQ(wanted, noun.present);
      }
    }
  }
  EXPECT_GT(lengths.size(), 5u);
}

TEST(SceneDetections, OptionsOutOfRangeAreRefused) {
  const WordPieceTokenizer words = scene_words();
  SceneDetectionsOptions options = few_scenes();
  options.absent_nouns = 1000;
  EXPECT_THROW(SceneDetections(options, words, nullptr), Error);
  options = few_scenes();
  options.plural = 1.5;
  EXPECT_THROW(SceneDetections(options, words, nullptr), Error);
  options = few_scenes();
  options.scenes.count = 0;
  EXPECT_THROW(SceneDetections(options, words, nullptr), Error);
}

}  // namespace
}  // namespace vigor
