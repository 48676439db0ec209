// The networks against transformers' tensors (shared/reference/llava-*; tolerances from its README:
// vision, projector, hidden states 5e-5; logits 1e-4).
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "model/llava.h"
#include "tests/testing/golden.h"

namespace vigor {
namespace {

using testing::Golden;
using testing::id_vector;
using testing::near;

constexpr double kStates = 5e-5;
constexpr double kLogits = 1e-4;

class ReferenceLlava : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = std::filesystem::path("reference") / GetParam();
    VIGOR_REQUIRE_SHARED(folder);
    golden_ = std::make_unique<Golden>(testing::shared(folder));
    load(at::kFloat);
  }

  void load(at::ScalarType dtype) {
    const LlavaCheckpoint checkpoint = open_llava(golden_->folder, dtype, at::kCPU);
    model_ = std::make_unique<Llava>(checkpoint.config, checkpoint.source);
  }

  // The prompt's ids with kImageTokenId, whatever the layout.
  std::vector<int64_t> prompt_ids(const Json& prompt) const {
    std::vector<int64_t> ids = id_vector(prompt.at("ids"));
    for (int64_t& id : ids) {
      if (id == model_->config().image_token_index) id = kImageTokenId;
    }
    return ids;
  }

  // Which picture a prompt speaks of: "images/1.png" -> 1.
  static int64_t image_of(const Json& prompt) {
    const std::string name = prompt.at("image").get<std::string>();
    return std::stoll(name.substr(name.rfind('/') + 1));
  }

  c10::NoGradGuard no_grad_;
  std::unique_ptr<Golden> golden_;
  std::unique_ptr<Llava> model_;
};

TEST_P(ReferenceLlava, VisionStatesOfEachLayer) {
  const LlavaConfig& config = model_->config();
  const LlavaCheckpoint checkpoint = open_llava(golden_->folder, at::kFloat, at::kCPU);
  const ClipVision all(config.vision, with_prefix(checkpoint.source, "vision_tower.vision_model."));
  std::vector<at::Tensor> states;
  all.forward(golden_->tensor("pixel_values"), &states);
  ASSERT_EQ(states.size(), static_cast<size_t>(config.vision.num_hidden_layers + 1));
  for (size_t i = 0; i < states.size(); ++i) {
    const std::string name = "vision.hidden_states." + std::to_string(i);
    EXPECT_TRUE(near(states[i], golden_->tensor(name), kStates, name));
  }
}

TEST_P(ReferenceLlava, SelectedAndProjectedFeatures) {
  const at::Tensor pixels = golden_->tensor("pixel_values");
  EXPECT_TRUE(near(model_->select_features(pixels), golden_->tensor("vision.selected"), kStates,
                   "vision.selected"));
  EXPECT_TRUE(near(model_->encode_images(pixels), golden_->tensor("projector.output"), kStates,
                   "projector.output"));
}

TEST_P(ReferenceLlava, HiddenStatesAndLogitsOfEachPrompt) {
  const at::Tensor features = model_->encode_images(golden_->tensor("pixel_values"));
  const Json& prompts = golden_->json.at("prompts");
  for (size_t p = 0; p < prompts.size(); ++p) {
    const std::string name = "prompt" + std::to_string(p) + ".";
    const at::Tensor embeds =
        model_->splice(prompt_ids(prompts[p]), features[image_of(prompts[p])]);
    EXPECT_TRUE(near(embeds.unsqueeze(0), golden_->tensor(name + "inputs_embeds"), kStates,
                     name + "inputs_embeds"));
    const int64_t length = embeds.size(0);
    PaddedCausalAttention attention(1, length, {});
    std::vector<at::Tensor> states;
    const at::Tensor hidden = model_->text().forward(
        embeds, at::arange(length, at::TensorOptions().dtype(at::kLong)), attention, &states);
    for (size_t i = 0; i < states.size(); ++i) {
      const std::string state = name + "hidden_states." + std::to_string(i);
      if (!golden_->has(state)) continue;
      EXPECT_TRUE(near(states[i].unsqueeze(0), golden_->tensor(state), kStates, state));
    }
    EXPECT_TRUE(near(model_->text().logits(hidden).unsqueeze(0), golden_->tensor(name + "logits"),
                     kLogits, name + "logits"));
  }
}

TEST_P(ReferenceLlava, LogitsOfPaddedBatches) {
  const at::Tensor features = model_->encode_images(golden_->tensor("pixel_values"));
  const Json& prompts = golden_->json.at("prompts");
  bool found = false;
  for (const std::string side : {"batch_left.", "batch_right."}) {
    if (!golden_->has(side + "logits")) continue;
    found = true;
    const at::Tensor mask = golden_->tensor(side + "attention_mask").to(at::kBool);
    const int64_t length = mask.size(1);
    std::vector<at::Tensor> rows;
    for (size_t p = 0; p < prompts.size(); ++p) {
      const at::Tensor embeds =
          model_->splice(prompt_ids(prompts[p]), features[image_of(prompts[p])]);
      const at::Tensor padding =
          at::zeros({length - embeds.size(0), embeds.size(1)}, embeds.options());
      rows.push_back(side == "batch_left." ? at::cat({padding, embeds})
                                           : at::cat({embeds, padding}));
    }
    const at::Tensor positions = golden_->tensor(side + "position_ids");
    PaddedCausalAttention attention(mask.size(0), length, mask);
    const at::Tensor hidden =
        model_->text().forward(at::cat(rows), positions.reshape({-1}), attention);
    const at::Tensor logits =
        model_->text().logits(hidden).view({mask.size(0), length, -1}) * mask.unsqueeze(-1);
    EXPECT_TRUE(near(logits, golden_->tensor(side + "logits"), kLogits, side + "logits"));
  }
  if (!found) GTEST_SKIP() << "this case has no padded batch";
}

// bf16: stated error. Eight bits of mantissa through a few layers of random weights; the largest
// logits are about 14, so 3 % of the range bounds it with room.
TEST_P(ReferenceLlava, Bfloat16LogitsWithinStatedError) {
  load(at::kBFloat16);
  const at::Tensor features =
      model_->encode_images(golden_->tensor("pixel_values").to(at::kBFloat16));
  const Json& prompts = golden_->json.at("prompts");
  for (size_t p = 0; p < prompts.size(); ++p) {
    const at::Tensor embeds =
        model_->splice(prompt_ids(prompts[p]), features[image_of(prompts[p])]);
    PaddedCausalAttention attention(1, embeds.size(0), {});
    const at::Tensor hidden = model_->text().forward(
        embeds, at::arange(embeds.size(0), at::TensorOptions().dtype(at::kLong)), attention);
    const at::Tensor expected = golden_->tensor("prompt" + std::to_string(p) + ".logits");
    const at::Tensor actual = model_->text().logits(hidden).unsqueeze(0).to(at::kFloat);
    const double range = expected.abs().max().item<double>();
    EXPECT_TRUE(
        near(actual, expected, 0.03 * range, "bf16.prompt" + std::to_string(p) + ".logits"));
    EXPECT_LT((actual - expected).square().mean().sqrt().item<double>(), 0.006 * range);
  }
}

INSTANTIATE_TEST_SUITE_P(Reference, ReferenceLlava,
                         ::testing::Values("llava-hf-tiny", "llava-v1-tiny"), [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace vigor
