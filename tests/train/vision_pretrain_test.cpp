#include "train/vision_pretrain.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "tests/testing/temporary_folder.h"
#include "tests/train/tiny_samples.h"
#include "train/vision_scores.h"

namespace vigor {
namespace {

using testing::silent_run;
using testing::TemporaryFolder;
using testing::tiny_config;

// Four patches of 4 x 4; each is dark, red or blue: the kind says dark or not, the colour which.
class ColouredPatches : public LabelledPictures {
 public:
  ColouredPatches(uint64_t count, uint64_t seed) : count_(count), seed_(seed) {}
  uint64_t size() const override { return count_; }
  int64_t kinds() const override { return 2; }
  int64_t colours() const override { return 2; }
  int64_t presences() const override { return 2; }
  Batch batch(std::span<const uint64_t> indices) const override {
    const auto n = static_cast<int64_t>(indices.size());
    Batch b{at::zeros({n, 3, 8, 8}), at::zeros({n, 4}, at::kLong),
            at::full({n, 4}, kIgnoredPatch, at::kLong), at::zeros({n, 2})};
    for (int64_t i = 0; i < n; ++i) {
      CounterRandom random(seed_, "patches", indices[static_cast<size_t>(i)]);
      for (int64_t p = 0; p < 4; ++p) {
        const int64_t what = random.below(3);
        if (what == 0) continue;
        b.patch_kind[i][p] = 1;
        b.patch_colour[i][p] = what - 1;
        b.presence[i][what - 1] = 1;
        b.pixels[i][what].narrow(0, p / 2 * 4, 4).narrow(1, p % 2 * 4, 4).fill_(1.0);
      }
    }
    return b;
  }
  Json identity() const override { return {{"seed", seed_}, {"count", count_}}; }

 private:
  uint64_t count_, seed_;
};

TEST(VisionPretraining, LearnsWhatPatchesShowAndWhatIsThere) {
  DiskFileSystem files;
  TemporaryFolder folder;
  TrainingRun run = silent_run(files, folder.path());
  VisionPretrainOptions options;
  options.loop.learning_rate = 1e-2;
  options.loop.batch_size = 32;
  options.loop.max_steps = 60;
  options.micro_batch = 20;
  const LlavaConfig config = tiny_config();
  const auto result = run_vision_pretrain(ColouredPatches(128, 1), ColouredPatches(64, 2),
                                          config.vision, config.vision_layers_needed(),
                                          random_parameters(1, at::kFloat, at::kCPU), options, run);
  ASSERT_EQ(result.scores.size(), 2u);
  EXPECT_EQ(result.scores[0].state, "selected");
  for (const VisionScores& scores : result.scores) {
    EXPECT_GT(scores.kind_accuracy, 0.95) << scores.state;
    EXPECT_GT(scores.colour_accuracy, 0.95) << scores.state;
    EXPECT_GT(scores.presence_map, 0.9) << scores.state;
  }
  EXPECT_TRUE(read_json_file(folder / "vision.json").contains("scores"));
  // The tower goes into a LLaVA; the heads do not.
  const ParameterSource source =
      with_weights(folder / "vision.safetensors", random_parameters(9, at::kFloat, at::kCPU));
  const Llava llava(config, source);
  const std::string name = "vision_tower.vision_model.encoder.layers.1.mlp.fc1.weight";
  EXPECT_FALSE(at::equal(source(name, {24, 16}),
                         random_parameters(9, at::kFloat, at::kCPU)(name, {24, 16})));
  EXPECT_EQ(read_file(folder / "vision.safetensors").find("heads."), std::string::npos);
}

TEST(VisionPretraining, LabelsThatAreNoClassAreRefused) {
  class Wrong : public ColouredPatches {
   public:
    using ColouredPatches::ColouredPatches;
    Batch batch(std::span<const uint64_t> indices) const override {
      Batch b = ColouredPatches::batch(indices);
      b.patch_kind[0][0] = 2;
      return b;
    }
  };
  const Wrong pictures(4, 1);
  VisionPretrainTask task(pictures, tiny_config().vision, 1,
                          random_parameters(1, at::kFloat, at::kCPU), {});
  EXPECT_THROW(task.run_batch(std::vector<uint64_t>{0}, 0), Error);
}

TEST(VisionScores, AveragePrecisionByHand) {
  // Class 0: positives at ranks 1 and 3: (1 + 2/3) / 2. Class 1: no positive, does not count.
  const at::Tensor scores = at::tensor({3.f, 0.f, 2.f, 0.f, 1.f, 0.f}).view({3, 2});
  const at::Tensor truth = at::tensor({1.f, 0.f, 0.f, 0.f, 1.f, 0.f}).view({3, 2});
  EXPECT_NEAR(mean_average_precision(scores, truth), (1 + 2.0 / 3) / 2, 1e-12);
  // Predicted: three of class 0; true: two of them. F1 = 2 * 2 / (3 + 2).
  EXPECT_NEAR(micro_f1(scores, truth), 0.8, 1e-12);
  EXPECT_TRUE(std::isnan(mean_average_precision(scores, at::zeros({3, 2}))));
}

TEST(VisionScores, RecallCountsEveryClassAlike) {
  const at::Tensor truth = at::tensor({0, 0, 0, 1, -100}, at::kLong);
  const at::Tensor predicted = at::tensor({0, 0, 0, 0, 1}, at::kLong);
  const ClassAccuracy accuracy = class_accuracy(predicted, truth, 3);
  EXPECT_NEAR(accuracy.accuracy, 0.75, 1e-12);
  EXPECT_NEAR(accuracy.mean_recall, 0.5, 1e-12);
}

}  // namespace
}  // namespace vigor
