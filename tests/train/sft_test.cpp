#include "train/sft.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "tests/testing/temporary_folder.h"
#include "tests/train/tiny_samples.h"
#include "train/save_model.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::silent_run;
using testing::TemporaryFolder;
using testing::tiny_config;
using testing::TinySamples;

SftOptions few_steps(int64_t steps) {
  SftOptions options;
  options.loop.learning_rate = 1e-2;
  options.loop.batch_size = 5;
  options.loop.max_steps = steps;
  return options;
}

TEST(Sft, LearnsItsSamplesByHeart) {
  DiskFileSystem files;
  TemporaryFolder folder;
  TrainingRun run = silent_run(files, folder.path());
  double first = 0;
  run.on_step = [&](const StepReport& report, MasterParameters&) {
    if (report.step == 1) first = report.loss;
  };
  const TrainingResult result =
      run_sft(TinySamples(5), tiny_config(), random_parameters(1, at::kFloat, at::kCPU),
              few_steps(60), run);
  EXPECT_GT(first, 3.0);  // ln 40 = 3.7
  EXPECT_LT(result.loss, 1.0);
}

TEST(Sft, SavesAdaptersMergedInTheDtypeAskedFor) {
  DiskFileSystem files;
  TemporaryFolder folder;
  SftOptions options = few_steps(3);
  options.lora.rank = 2;
  options.save_dtype = "bf16";
  const ParameterSource source = random_parameters(1, at::kFloat, at::kCPU);
  TinySamples samples(5);
  TrainingRun run = silent_run(files, folder.path());
  std::map<std::string, at::Tensor> expected;
  SftTask task(samples, tiny_config(), source, options);
  run_training(task, options.loop, run);
  run_sft(samples, tiny_config(), source, options, run);
  const LlavaCheckpoint saved = open_llava(folder / "model", at::kBFloat16, at::kCPU);
  EXPECT_EQ(saved.config.image_token_index, 39);
  int changed = 0;
  for (const NamedShape& p : llava_parameters(tiny_config())) {
    const at::Tensor original = source(p.name, p.shape);
    const at::Tensor value = task.parameters().merged(p.name, original).to(at::kBFloat16);
    EXPECT_TRUE(at::equal(saved.source(p.name, p.shape), value)) << p.name;
    if (task.parameters().changed(p.name)) {
      EXPECT_FALSE(at::equal(original.to(at::kBFloat16), value)) << p.name;
      ++changed;
    } else {
      EXPECT_TRUE(at::equal(original.to(at::kBFloat16), value)) << p.name;
    }
  }
  EXPECT_EQ(changed, 2 * 7 + 4);
}

// One sample of TinySamples, changed.
class OddSamples : public TinySamples {
 public:
  explicit OddSamples(std::function<void(TrainingSample&)> change)
      : TinySamples(2), change_(std::move(change)) {}
  TrainingSample sample(uint64_t index) const override {
    TrainingSample sample = TinySamples::sample(index);
    if (index == 1) change_(sample);
    return sample;
  }

 private:
  std::function<void(TrainingSample&)> change_;
};

std::string message(const SampleSource& samples, const SftOptions& options) {
  try {
    SftTask task(samples, tiny_config(), random_parameters(1, at::kFloat, at::kCPU), options);
    task.run_batch(std::vector<uint64_t>{0, 1}, 0);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Sft, SamplesThatDoNotFitAreNamed) {
  const SftOptions options;
  EXPECT_THAT(message(OddSamples([](TrainingSample& s) { s.ids.back() = 40; }), options),
              AllOf(HasSubstr("tiny-1"), HasSubstr("outside of the vocabulary of 40")));
  EXPECT_THAT(message(OddSamples([](TrainingSample& s) { s.labels.pop_back(); }), options),
              AllOf(HasSubstr("tiny-1"), HasSubstr("labels")));
  EXPECT_THAT(message(OddSamples([](TrainingSample& s) { s.ids[0] = kImageTokenId; }), options),
              HasSubstr("more than one image"));
  EXPECT_THAT(
      message(OddSamples([](TrainingSample& s) { s.ids.clear(), s.labels.clear(); }), options),
      HasSubstr("is empty"));
  SftOptions other = options;
  other.trainable = {"langage_model.*"};
  EXPECT_THAT(message(TinySamples(2), other), HasSubstr("'langage_model.*' matches no parameter"));
}

TEST(Sft, CutsLongSamplesAndCountsThem) {
  TinySamples samples(4);
  const ParameterSource source = random_parameters(1, at::kFloat, at::kCPU);
  SftOptions options;
  options.max_length = 9;  // 1 + 4 of the image + 4
  SftTask task(samples, tiny_config(), source, options);
  const BatchResult result = task.run_batch(std::vector<uint64_t>{0, 1, 2, 3}, 0);
  EXPECT_GT(task.truncated(), 0u);
  EXPECT_LE(result.tokens, 4 * 9);
  // A cut inside the image leaves nothing to learn.
  options.max_length = 3;
  EXPECT_THAT(message(samples, options), HasSubstr("has a target token"));
}

TEST(Sft, AVisionTowerThatIsTrainedGetsGradients) {
  TinySamples samples(4);
  SftOptions options;
  options.trainable = {"vision_tower.*"};
  SftTask task(samples, tiny_config(), random_parameters(1, at::kFloat, at::kCPU), options);
  task.run_batch(std::vector<uint64_t>{0, 1, 2, 3}, 0);
  EXPECT_GT(task.parameters().gradients().abs().max().item<double>(), 0);
}

TEST(FaultTraining, ALossThatIsNotFiniteEndsTheRun) {
  class Broken : public TinySamples {
   public:
    using TinySamples::TinySamples;
    at::Tensor image(uint64_t) const override {
      return at::full({3, 8, 8}, std::numeric_limits<float>::quiet_NaN());
    }
  };
  DiskFileSystem files;
  TemporaryFolder folder;
  TrainingRun run = silent_run(files, folder.path());
  try {
    run_sft(Broken(5), tiny_config(), random_parameters(1, at::kFloat, at::kCPU), few_steps(3),
            run);
    FAIL() << "NaN was trained on";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the loss of step 1 is not finite"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "model"));
}

TEST(Sft, ReportsLossAndTokensPerSecond) {
  DiskFileSystem files;
  TemporaryFolder folder;
  std::ostringstream out;
  TrainingRun run = silent_run(files, folder.path());
  double now = 0;
  run.clock = [&] { return now += 0.5; };
  run.progress = &out;
  run.name = "sft";
  run_sft(TinySamples(5), tiny_config(), random_parameters(1, at::kFloat, at::kCPU), few_steps(2),
          run);
  EXPECT_THAT(out.str(),
              AllOf(HasSubstr("sft: 2/2 steps"), HasSubstr("loss "), HasSubstr("tokens/s")));
}

}  // namespace
}  // namespace vigor
