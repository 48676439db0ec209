// Pieces that must not change a gradient.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/train/tiny_samples.h"
#include "train/adamw.h"
#include "train/packed_attention.h"
#include "train/recompute.h"

namespace vigor {
namespace {

using testing::tiny_config;
using testing::TinySamples;

at::Tensor gradients_of(const SftOptions& options, double* loss = nullptr) {
  TinySamples samples(6);
  SftTask task(samples, tiny_config(), random_parameters(1, at::kFloat, at::kCPU), options);
  const BatchResult result = task.run_batch(std::vector<uint64_t>{0, 1, 2, 3, 4, 5}, 0);
  if (loss != nullptr) *loss = result.loss;
  return task.parameters().gradients().clone();
}

class Recomputing : public ::testing::TestWithParam<const char*> {};

TEST_P(Recomputing, GradientsAreBitIdentical) {
  SftOptions options;
  options.dtype = GetParam();
  options.loop.batch_size = 6;
  const at::Tensor kept = gradients_of(options);
  options.gradient_checkpointing = true;
  EXPECT_TRUE(at::equal(kept, gradients_of(options)));
  EXPECT_GT(kept.abs().max().item<double>(), 0);
}
INSTANTIATE_TEST_SUITE_P(Dtypes, Recomputing, ::testing::Values("fp32", "bf16"));

TEST(RecomputingLora, GradientsAreBitIdenticalWhereTheInputIsFrozen) {
  SftOptions options;
  options.loop.batch_size = 6;
  options.lora.rank = 2;
  options.trainable = {"language_model.model.norm.weight"};
  const at::Tensor kept = gradients_of(options);
  options.gradient_checkpointing = true;
  EXPECT_TRUE(at::equal(kept, gradients_of(options)));
  EXPECT_GT(kept.narrow(0, 0, kept.numel() - 16).abs().max().item<double>(), 0);
}

TEST(Gradients, DoNotDependOnTheMicroBatchWhenNormalisedByTokens) {
  SftOptions options;
  options.loop.batch_size = 6;
  double whole_loss = 0, split_loss = 0;
  const at::Tensor whole = gradients_of(options, &whole_loss);
  options.micro_batch = 2;
  const at::Tensor split = gradients_of(options, &split_loss);
  EXPECT_NEAR(whole_loss, split_loss, 1e-6);
  EXPECT_LE((whole - split).abs().max().item<double>(), 1e-6);
}

TEST(Gradients, PackedAttentionIsPaddedAttentionWithoutThePadding) {
  PackedSamples samples;
  samples.lengths = {3, 5, 1};
  const std::vector<int64_t>& lengths = samples.lengths;
  const int64_t longest = 5;
  at::manual_seed(3);
  const at::Tensor q = at::randn({9, 4, 8}).set_requires_grad(true);
  const at::Tensor k = at::randn({9, 2, 8}).set_requires_grad(true);
  const at::Tensor v = at::randn({9, 2, 8}).set_requires_grad(true);
  PackedCausalAttention packed(samples, at::kCPU);
  const at::Tensor ours = packed.attend(0, q, k, v);
  ours.square().sum().backward();
  int64_t start = 0;
  for (const int64_t length : lengths) {
    const auto part = [&](const at::Tensor& t) {
      return t.detach().narrow(0, start, length).clone().set_requires_grad(true);
    };
    const at::Tensor pq = part(q), pk = part(k), pv = part(v);
    PaddedCausalAttention alone(1, length, at::Tensor());
    const at::Tensor expected = alone.attend(0, pq, pk, pv);
    expected.square().sum().backward();
    EXPECT_TRUE(at::allclose(ours.narrow(0, start, length), expected, 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(q.grad().narrow(0, start, length), pq.grad(), 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(k.grad().narrow(0, start, length), pk.grad(), 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(v.grad().narrow(0, start, length), pv.grad(), 1e-4, 1e-5));
    start += length;
  }
  EXPECT_EQ(longest, 5);
}

TEST(Gradients, ClippingScalesToTheNorm) {
  at::Tensor gradients = at::tensor({3.0f, 4.0f});
  EXPECT_DOUBLE_EQ(clip_gradient_norm(gradients, 0), 5.0);
  EXPECT_DOUBLE_EQ(clip_gradient_norm(gradients, 10), 5.0);
  EXPECT_FLOAT_EQ(gradients[0].item<float>(), 3.0f);
  EXPECT_DOUBLE_EQ(clip_gradient_norm(gradients, 1), 5.0);
  EXPECT_NEAR(gradients[0].item<double>(), 0.6, 1e-6);
}

TEST(Lora, StartsFromTheModelItselfAndTrainsAdaptersAlone) {
  TinySamples samples(6);
  const ParameterSource source = random_parameters(1, at::kFloat, at::kCPU);
  SftOptions options;
  options.loop.batch_size = 6;
  SftTask plain(samples, tiny_config(), source, options);
  options.lora.rank = 2;
  options.lora.alpha = 4;
  SftTask lora(samples, tiny_config(), source, options);
  const std::vector<uint64_t> all = {0, 1, 2, 3, 4, 5};
  EXPECT_DOUBLE_EQ(plain.evaluate(all).first, lora.evaluate(all).first);
  for (const TrainedParameter& p : lora.parameters().trained()) {
    EXPECT_TRUE(p.name.find(".lora_") != std::string::npos ||
                p.name.starts_with("multi_modal_projector."))
        << p.name;
  }
  // dL/dB = (alpha / rank) dL/dW A^T, with dL/dW from full training.
  plain.run_batch(all, 0);
  lora.run_batch(all, 0);
  const std::string name = "language_model.model.layers.1.self_attn.q_proj.weight";
  const auto of = [](SftTask& task, const std::string& parameter, const at::Tensor& flat) {
    for (const TrainedParameter& p : task.parameters().trained()) {
      if (p.name == parameter) return task.parameters().view(flat, p);
    }
    return at::Tensor();
  };
  const at::Tensor dw = of(plain, name, plain.parameters().gradients());
  const at::Tensor a = of(lora, name + ".lora_A", lora.parameters().values());
  const at::Tensor db = of(lora, name + ".lora_B", lora.parameters().gradients());
  EXPECT_TRUE(at::allclose(db, 2.0 * at::matmul(dw, a.t()), 1e-4, 1e-8));
  EXPECT_GT(db.abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace vigor
