// Grounding DINO trained on coloured squares: it learns, goes on where it stopped, and what it
// saves is a checkpoint.
#include "train/detector_training.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/random.h"
#include "model/weights.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"
#include "tests/train/tiny_samples.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::silent_run;
using testing::TemporaryFolder;

Json tiny_detector_json() {
  return Json::parse(R"({
    "model_type": "grounding-dino", "d_model": 32, "encoder_layers": 1, "decoder_layers": 2,
    "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "num_queries": 5, "max_text_len": 16, "num_feature_levels": 2,
    "backbone_config": {"model_type": "swin", "embed_dim": 16, "depths": [2, 1],
                        "num_heads": [1, 2], "window_size": 4, "out_features": ["stage1", "stage2"]},
    "text_config": {"model_type": "bert", "vocab_size": 1040, "hidden_size": 16,
                    "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
                    "max_position_embeddings": 16}})");
}

GroundingDinoConfig tiny_detector() {
  return parse_grounding_dino_config(tiny_detector_json(), "config.json");
}

// A square of one of two colours on noise (a picture of nothing but one value has no deviation that
// norms could divide by); the prompt asks for both.
class ColouredSquares : public DetectionSamples {
 public:
  ColouredSquares(uint64_t count, uint64_t seed) : count_(count), seed_(seed) {}
  uint64_t size() const override { return count_; }
  Batch batch(std::span<const uint64_t> indices, int64_t) const override {
    const auto n = static_cast<int64_t>(indices.size());
    Batch b;
    b.pixels = at::zeros({n, 3, 32, 32});
    b.pixel_mask = at::ones({n, 32, 32}, at::kLong);
    // [CLS] red . blue . [SEP]
    b.ids = at::tensor({101, 1030, 1012, 1031, 1012, 102}, at::kLong).repeat({n, 1});
    b.types = at::zeros_like(b.ids);
    b.attention = at::ones_like(b.ids);
    for (int64_t i = 0; i < n; ++i) {
      CounterRandom random(seed_, "squares", indices[static_cast<size_t>(i)]);
      const int64_t colour = random.below(2);
      const int64_t x = random.below(5) * 4, y = random.below(5) * 4, side = 16;
      float* pixels = b.pixels.data_ptr<float>() + i * 3 * 32 * 32;
      for (int64_t p = 0; p < 3 * 32 * 32; ++p) pixels[p] = static_cast<float>(random.uniform());
      b.pixels[i][colour * 2].narrow(0, y, side).narrow(1, x, side).fill_(3.0);
      const float box[] = {static_cast<float>(x + 8) / 32, static_cast<float>(y + 8) / 32, 0.5f,
                           0.5f};
      DetectionTargets target{at::empty({1, 4}), at::zeros({1, 6})};
      for (int64_t k = 0; k < 4; ++k) target.boxes[0][k] = box[k];
      target.tokens[0][1 + 2 * colour] = 1;
      b.targets.push_back(target);
      b.nouns.push_back({{1, 2, colour == 0}, {3, 4, colour == 1}});
    }
    return b;
  }
  Json identity() const override { return {{"seed", seed_}, {"count", count_}}; }

 private:
  uint64_t count_, seed_;
};

DetectorTrainOptions quick(int64_t steps) {
  DetectorTrainOptions options;
  options.loop.learning_rate = 3e-3;
  options.loop.max_grad_norm = 1;
  options.loop.batch_size = 8;
  options.loop.max_steps = steps;
  options.loop.checkpoint_every = steps / 2;
  options.loss.place_weight = 1;
  return options;
}

ParameterSource random_start() {
  return random_grounding_dino(tiny_detector(), 1, at::kFloat, at::kCPU);
}

TEST(DetectorTraining, LearnsWhatIsThereAndSavesACheckpoint) {
  DiskFileSystem files;
  TemporaryFolder folder;
  TrainingRun run = silent_run(files, folder.path());
  std::vector<double> losses;
  run.on_step = [&](const StepReport& report, MasterParameters&) { losses.push_back(report.loss); };
  const ColouredSquares squares(64, 1), held_out(24, 2);
  const auto result =
      run_detector_training(squares, held_out, tiny_detector(), random_start(), quick(30), run,
                            {.config = tiny_detector_json(), .copies = {}});
  EXPECT_LT(losses.back(), 0.6 * losses.front());
  EXPECT_EQ(result.scores.present, 24);
  EXPECT_EQ(result.scores.absent, 24);
  EXPECT_GT(result.scores.auroc, 0.9);
  EXPECT_EQ(read_json_file(folder / "detector.json")["held_out"]["auroc"],
            Json(result.scores.auroc));

  // What was saved scores the same, and its shared heads are there once.
  const auto checkpoint = open_grounding_dino(folder / "model", at::kFloat, at::kCPU);
  const GroundingDino saved(checkpoint.config, checkpoint.source);
  const DetectorScores again = score_detector(saved, held_out, 8);
  EXPECT_EQ(to_json(again), to_json(result.scores));
  const Weights weights = Weights::open(folder / "model");
  EXPECT_TRUE(weights.has("bbox_embed.0.layers.0.weight"));
  EXPECT_FALSE(weights.has("bbox_embed.1.layers.0.weight"));
}

TEST(DetectorTraining, GoesOnBitIdentically) {
  const ColouredSquares squares(16, 1);
  const auto train = [&](const TemporaryFolder& folder, int64_t fail_at) {
    DiskFileSystem files;
    TrainingRun run = silent_run(files, folder.path());
    run.on_step = [&](const StepReport& report, MasterParameters&) {
      if (report.step == fail_at) throw std::runtime_error("the machine went down");
    };
    DetectorTask task(squares, tiny_detector(), random_start(), quick(4));
    const TrainingResult result = run_training(task, quick(4).loop, run);
    return std::pair(task.parameters().values().clone(), result.resumed_from);
  };
  TemporaryFolder whole, broken;
  const auto expected = train(whole, 0);
  EXPECT_THROW(train(broken, 3), std::runtime_error);
  const auto resumed = train(broken, 0);
  EXPECT_EQ(resumed.second, 2);
  EXPECT_TRUE(at::equal(resumed.first, expected.first));
}

// The micro-batch is a matter of memory, not of the gradient.
TEST(DetectorTraining, MicroBatchesAddUpToTheBatch) {
  const ColouredSquares squares(6, 1);
  const std::vector<uint64_t> all = {0, 1, 2, 3, 4, 5};
  DetectorTrainOptions options = quick(2);
  options.loss.place_weight = 0;  // its divisor is the micro-batch's own
  at::Tensor gradients[2];
  double loss[2];
  for (const int i : {0, 1}) {
    options.micro_batch = i == 0 ? 0 : 4;
    DetectorTask task(squares, tiny_detector(), random_start(), options);
    loss[i] = task.run_batch(all, 0).loss;
    gradients[i] = task.parameters().gradients().clone();
  }
  EXPECT_NEAR(loss[0], loss[1], 1e-4 * loss[0]);
  const double norm = gradients[0].norm().item<double>();
  EXPECT_GT(norm, 0);
  EXPECT_LT((gradients[0] - gradients[1]).norm().item<double>(), 1e-3 * norm);
}

// Every parameter is reached by the loss, once what starts at 0 has moved.
TEST(DetectorTraining, EveryParameterIsTrained) {
  const ColouredSquares squares(8, 1);
  DetectorTask task(squares, tiny_detector(), random_start(), quick(2));
  DiskFileSystem files;
  TemporaryFolder folder;
  TrainingRun run = silent_run(files, folder.path());
  run_training(task, quick(2).loop, run);
  task.parameters().gradients().zero_();
  task.run_batch(std::vector<uint64_t>{0, 1, 2, 3}, 2);
  for (const TrainedParameter& p : task.parameters().trained()) {
    // Attention does not see what is added to every key.
    if (p.name.find("key.bias") != std::string::npos) continue;
    if (p.name.find("fusion_layer.attn.text_proj.bias") != std::string::npos) continue;
    const double largest =
        task.parameters().view(task.parameters().gradients(), p).abs().max().item<double>();
    EXPECT_GT(largest, 0) << p.name;
  }
}

TEST(DetectorTraining, SettingsOutOfRangeAreNamed) {
  const auto message = [](const Json& settings) -> std::string {
    try {
      parse_detector_train_options(settings, "d.json: train");
    } catch (const Error& error) {
      EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(Json::object()), "");
  EXPECT_THAT(message({{"box_cost", -1}}), HasSubstr("'box_cost' is -1.0, but must be at least 0"));
  EXPECT_THAT(message({{"focal_alpha", 2}}), HasSubstr("between 0 and 1"));
  EXPECT_THAT(message({{"threshold", 1.5}}), HasSubstr("between 0 and 1"));
  EXPECT_THAT(message({{"save_dtype", "int8"}}), HasSubstr("fp32, bf16 or fp16"));
  EXPECT_THAT(message({{"box_cots", 1}}), HasSubstr("did you mean 'box_cost'?"));
}

// The names of a saved folder are those that transformers writes for the same config.
TEST(ReferenceDetectorTraining, SavedNamesAreThoseOfTransformers) {
  VIGOR_REQUIRE_SHARED("reference/grounding-dino-tiny");
  const auto reference = testing::shared("reference/grounding-dino-tiny");
  DiskFileSystem files;
  TemporaryFolder folder;
  TrainingRun run = silent_run(files, folder.path());
  const auto checkpoint = open_grounding_dino(reference, at::kFloat, at::kCPU);
  // 64 x 64 pixels are 64 + 16 + 4 + 1 places: enough for its 20 queries.
  class Larger : public ColouredSquares {
   public:
    using ColouredSquares::ColouredSquares;
    Batch batch(std::span<const uint64_t> indices, int64_t step) const override {
      Batch b = ColouredSquares::batch(indices, step);
      b.pixels = b.pixels.repeat({1, 1, 2, 2});
      b.pixel_mask = b.pixel_mask.repeat({1, 2, 2});
      return b;
    }
  };
  DetectorTrainOptions options = quick(1);
  options.loop.batch_size = 1;
  options.micro_batch = 0;
  options.loop.checkpoint_every = 0;
  const Json config = read_json_file(reference / "config.json");
  run_detector_training(Larger(1, 1), Larger(1, 2), checkpoint.config, checkpoint.source, options,
                        run, {.config = config, .copies = {reference / "vocab.txt"}});
  const Weights expected = Weights::open(reference), saved = Weights::open(folder / "model");
  EXPECT_EQ(saved.names(), expected.names());
  for (const std::string& name : expected.names()) {
    EXPECT_EQ(saved.shape(name), expected.shape(name)) << name;
    EXPECT_EQ(saved.dtype(name), expected.dtype(name)) << name;
    if (name.ends_with("relative_position_index")) {
      EXPECT_TRUE(at::equal(saved.get(name), expected.get(name))) << name;
    }
  }
}

}  // namespace
}  // namespace vigor
