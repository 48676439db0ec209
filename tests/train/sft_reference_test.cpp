// Step-by-step parity with the runs of reference/sft-tiny (README section 5 has the tolerances).
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/json.h"
#include "model/weights.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"
#include "tests/train/tiny_samples.h"
#include "train/save_model.h"
#include "train/sft.h"

namespace vigor {
namespace {

using testing::shared;
using testing::TemporaryFolder;

class GoldenSamples : public SampleSource {
 public:
  GoldenSamples(const Json& golden, at::Tensor pixels, int64_t image_token)
      : samples_(golden.at("samples")), pixels_(std::move(pixels)), image_token_(image_token) {}
  uint64_t size() const override { return samples_.size(); }
  TrainingSample sample(uint64_t index) const override {
    TrainingSample sample{.id = std::to_string(index),
                          .ids = samples_[index]["input_ids"].get<std::vector<int64_t>>(),
                          .labels = samples_[index]["labels"].get<std::vector<int64_t>>()};
    std::replace(sample.ids.begin(), sample.ids.end(), image_token_, kImageTokenId);
    return sample;
  }
  at::Tensor image(uint64_t index) const override {
    return features_.defined() ? features_[static_cast<int64_t>(index)]
                               : pixels_[static_cast<int64_t>(index)];
  }
  Json identity() const override { return "golden"; }
  // From now on images are given as features of the frozen tower.
  void encode_ahead(const Llava& llava) { features_ = llava.select_features(pixels_); }

 private:
  const Json& samples_;
  at::Tensor pixels_, features_;
  int64_t image_token_;
};

struct Golden {
  Json json = read_json_file(shared("reference/sft-tiny/golden.json"));
  Weights tensors = Weights::open_file(shared("reference/sft-tiny/golden.safetensors"));
  LlavaCheckpoint start = open_llava(shared("reference/llava-hf-tiny"), at::kFloat, at::kCPU);
  GoldenSamples samples{json, tensors.get("pixel_values"), start.config.image_token_index};

  SftOptions options(const Json& run) const {
    const Json& hyper = json.at("hyper");
    SftOptions options;
    options.loop.learning_rate = hyper.at("lr");
    options.loop.adam_beta1 = hyper.at("betas")[0];
    options.loop.adam_beta2 = hyper.at("betas")[1];
    options.loop.adam_epsilon = hyper.at("eps");
    options.loop.max_grad_norm = hyper.at("max_grad_norm");
    options.loop.warmup_ratio = hyper.at("warmup_ratio");
    options.loop.max_steps = hyper.at("steps");
    options.loop.batch_size = hyper.at("batch");
    options.loop.weight_decay = run.at("weight_decay");
    options.loop.shuffle = false;
    options.micro_batch = run.at("micro_batch");
    if (run.at("loss_normalisation") == "mean_of_means") {
      options.loss_normalisation = "mean_of_means";
    }
    return options;
  }
};

// Splits "NAME[0:32]" into the name and the number of rows.
std::pair<std::string, int64_t> rows_of(const std::string& name) {
  const size_t bracket = name.find("[0:");
  if (bracket == std::string::npos) return {name, -1};
  return {name.substr(0, bracket), std::stoll(name.substr(bracket + 3))};
}

at::Tensor trained(MasterParameters& parameters, const std::string& name, const at::Tensor& flat) {
  const auto [plain, rows] = rows_of(name);
  for (const TrainedParameter& p : parameters.trained()) {
    if (p.name != plain) continue;
    const at::Tensor value = parameters.view(flat, p);
    return rows < 0 ? value : value.narrow(0, 0, rows);
  }
  ADD_FAILURE() << plain << " is not trained";
  return {};
}

// 99.9 % of the entries within 2e-5, the rest within 2 lr (the first Adam updates are nearly the
// sign of the gradient).
void expect_parameter(const at::Tensor& ours, const at::Tensor& golden, double lr,
                      const std::string& name) {
  const at::Tensor difference = (ours - golden).abs();
  const double worst = difference.max().item<double>();
  const double outside = difference.gt(2e-5).to(at::kDouble).mean().item<double>();
  EXPECT_LE(outside, 1e-3) << name << ", worst " << worst;
  EXPECT_LE(worst, 2 * lr) << name;
}

enum class Variant { kPlain, kFeatures, kCheckpointing };

double check_run(Golden& golden, const std::string& name, Variant variant) {
  const Json& run = golden.json.at("runs").at(name);
  SftOptions options = golden.options(run);
  options.gradient_checkpointing = variant == Variant::kCheckpointing;
  if (variant == Variant::kFeatures) {
    golden.samples.encode_ahead(Llava(golden.start.config, golden.start.source));
  }
  TemporaryFolder folder;
  DiskFileSystem files;
  TrainingRun training = testing::silent_run(files, folder.path());
  double worst_loss = 0;
  training.on_step = [&](const StepReport& report, MasterParameters& parameters) {
    const Json& expected = run.at("log").at(static_cast<size_t>(report.step - 1));
    EXPECT_NEAR(report.loss, expected.at("loss").get<double>(), 1e-4) << name;
    EXPECT_NEAR(report.learning_rate, expected.at("lr").get<double>(), 1e-12) << name;
    const double norm = expected.at("grad_norm");
    EXPECT_NEAR(report.grad_norm, norm, 1e-4 * norm) << name;
    EXPECT_EQ(report.targets, expected.at("target_tokens").get<int64_t>());
    worst_loss = std::max(worst_loss, std::abs(report.loss - expected.at("loss").get<double>()));
    const std::string prefix = name + ".step" + std::to_string(report.step - 1) + ".";
    for (const std::string& tensor : golden.tensors.names()) {
      if (!tensor.starts_with(prefix)) continue;
      const std::string parameter = tensor.substr(prefix.size());
      expect_parameter(trained(parameters, parameter, parameters.values()),
                       golden.tensors.get(tensor), options.loop.learning_rate, tensor);
    }
  };
  SftTask task(golden.samples, golden.start.config, golden.start.source, options);
  run_training(task, options.loop, training);
  const std::string prefix = name + ".final.";
  for (const std::string& tensor : golden.tensors.names()) {
    if (!tensor.starts_with(prefix)) continue;
    const std::string parameter = tensor.substr(prefix.size());
    expect_parameter(trained(task.parameters(), parameter, task.parameters().values()),
                     golden.tensors.get(tensor), options.loop.learning_rate, tensor);
  }
  std::vector<uint64_t> all(golden.samples.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto [sum, targets] = task.evaluate(all);
  EXPECT_NEAR(sum / static_cast<double>(targets),
              run.at("final_eval_loss_all_samples").get<double>(), 5e-4);
  return worst_loss;
}

TEST(ReferenceSft, EveryRunStepByStep) {
  VIGOR_REQUIRE_SHARED("reference/sft-tiny");
  Golden golden;
  for (const auto& item : golden.json.at("runs").items()) {
    const double worst = check_run(golden, item.key(), Variant::kPlain);
    RecordProperty("loss_error_" + item.key(), std::to_string(worst));
  }
}

TEST(ReferenceSft, FeaturesComputedAheadGiveTheSame) {
  VIGOR_REQUIRE_SHARED("reference/sft-tiny");
  Golden golden;
  check_run(golden, "wd0_batch", Variant::kFeatures);
}

TEST(ReferenceSft, GradientCheckpointingGivesTheSame) {
  VIGOR_REQUIRE_SHARED("reference/sft-tiny");
  Golden golden;
  check_run(golden, "wd0_accum_tokens", Variant::kCheckpointing);
}

TEST(ReferenceSft, GradientsOfTheFirstStep) {
  VIGOR_REQUIRE_SHARED("reference/sft-tiny");
  Golden golden;
  const SftOptions options = golden.options(golden.json.at("runs").at("wd0_batch"));
  SftTask task(golden.samples, golden.start.config, golden.start.source, options);
  task.run_batch(std::vector<uint64_t>{0, 1}, 0);
  const std::string prefix = "grad_step0.";
  int compared = 0;
  for (const std::string& tensor : golden.tensors.names()) {
    if (!tensor.starts_with(prefix)) continue;
    const at::Tensor ours =
        trained(task.parameters(), tensor.substr(prefix.size()), task.parameters().gradients());
    const double worst = (ours - golden.tensors.get(tensor)).abs().max().item<double>();
    EXPECT_LE(worst, 1e-5) << tensor;
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST(ReferenceSft, WeightDecayExemptsTheSameParameters) {
  VIGOR_REQUIRE_SHARED("reference/sft-tiny");
  Golden golden;
  const SftOptions options = golden.options(golden.json.at("runs").at("wd01_batch"));
  SftTask task(golden.samples, golden.start.config, golden.start.source, options);
  std::vector<std::string> exempt;
  for (const TrainedParameter& p : task.parameters().trained()) {
    if (p.offset >= task.parameters().decayed()) exempt.push_back(p.name);
  }
  auto expected = golden.json.at("no_weight_decay").get<std::vector<std::string>>();
  std::sort(exempt.begin(), exempt.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(exempt, expected);
}

TEST(ReferenceSft, Bf16StaysNearTheReference) {
  VIGOR_REQUIRE_SHARED("reference/sft-tiny");
  Golden golden;
  const Json& run = golden.json.at("runs").at("wd0_batch");
  SftOptions options = golden.options(run);
  options.dtype = "bf16";
  TemporaryFolder folder;
  DiskFileSystem files;
  TrainingRun training = testing::silent_run(files, folder.path());
  training.on_step = [&](const StepReport& report, MasterParameters&) {
    const Json& expected = run.at("log").at(static_cast<size_t>(report.step - 1));
    const double loss = expected.at("loss");
    // bf16 has 8 bits of significand: 0.4 % a rounding; these logits are up to 14.
    EXPECT_NEAR(report.loss, loss, 0.02 * loss);
    const double norm = expected.at("grad_norm");
    EXPECT_NEAR(report.grad_norm, norm, 0.05 * norm);
  };
  SftTask task(golden.samples, golden.start.config, golden.start.source, options);
  run_training(task, options.loop, training);
}

TEST(ReferenceSft, SavedFolderLoadsBackIdentically) {
  VIGOR_REQUIRE_SHARED("reference/sft-tiny");
  Golden golden;
  const SftOptions options = golden.options(golden.json.at("runs").at("wd0_batch"));
  TemporaryFolder folder;
  DiskFileSystem files;
  TrainingRun training = testing::silent_run(files, folder.path());
  std::map<std::string, at::Tensor> last;
  training.on_step = [&](const StepReport&, MasterParameters& parameters) {
    for (const TrainedParameter& p : parameters.trained()) {
      last[p.name] = parameters.view(parameters.values(), p).clone();
    }
  };
  run_sft(golden.samples, golden.start.config, golden.start.source, options, training);
  const LlavaCheckpoint saved = open_llava(folder / "model", at::kFloat, at::kCPU);
  for (const NamedShape& p : llava_parameters(saved.config)) {
    const at::Tensor expected =
        last.contains(p.name) ? last[p.name] : golden.start.source(p.name, p.shape);
    EXPECT_TRUE(at::equal(saved.source(p.name, p.shape), expected)) << p.name;
  }
}

}  // namespace
}  // namespace vigor
