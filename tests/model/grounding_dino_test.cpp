// Grounding DINO's configuration and messages, without reference data.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "model/grounding_dino/grounding_dino.h"
#include "model/grounding_dino/window_attention.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

// The smallest detector that the architecture allows, near enough.
Json small_config() {
  return Json::parse(R"({
    "model_type": "grounding-dino", "d_model": 32, "encoder_layers": 1, "decoder_layers": 2,
    "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "num_queries": 5,
    "backbone_config": {"model_type": "swin", "embed_dim": 8, "depths": [1, 2, 1, 1],
                        "num_heads": [1, 2, 2, 2], "window_size": 4},
    "text_config": {"model_type": "bert", "vocab_size": 1100, "hidden_size": 16,
                    "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}})");
}

std::string detector_message(const Json& config) {
  try {
    parse_grounding_dino_config(config, "config.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

GroundingDino small_model(at::ScalarType dtype = at::kFloat) {
  const GroundingDinoConfig config = parse_grounding_dino_config(small_config(), "config.json");
  return GroundingDino(config, random_grounding_dino(config, 1, dtype, at::kCPU));
}

at::Tensor ids(std::vector<int64_t> values) {
  return at::tensor(values, at::kLong).unsqueeze(0);
}

TEST(GroundingDinoConfigTest, SparseConfigMeansTheLibrarysDefaults) {
  const auto config =
      parse_grounding_dino_config(Json::parse(R"({"model_type": "grounding-dino"})"), "c");
  EXPECT_EQ(config.d_model, 256);
  EXPECT_EQ(config.num_queries, 900);
  EXPECT_EQ(config.backbone.embed_dim, 96);
  EXPECT_EQ(config.text.hidden_size, 768);
  EXPECT_EQ(config.text.layer_norm_eps, 1e-12);
}

TEST(GroundingDinoConfigTest, WhatIsNotSupportedIsNamed) {
  const auto with = [](const char* key, const Json& value) {
    Json config = small_config();
    config[key] = value;
    return detector_message(config);
  };
  EXPECT_EQ(detector_message(small_config()), "");
  EXPECT_THAT(with("model_type", "llava"), HasSubstr("'llava', not 'grounding-dino'"));
  EXPECT_THAT(with("two_stage", false), HasSubstr("'two_stage' must be true"));
  EXPECT_THAT(with("backbone", "resnet50"), HasSubstr("outside backbone"));
  EXPECT_THAT(with("d_model", 48), HasSubstr("48 is not a multiple of 32"));
  EXPECT_THAT(with("num_queries", 0), HasSubstr("'num_queries' is 0"));
  EXPECT_THAT(with("num_feature_levels", 2), HasSubstr("below the backbone's outputs"));
  EXPECT_THAT(with("backbone_config", {{"model_type", "resnet"}}),
              HasSubstr("config.json: backbone_config"));
  EXPECT_THAT(with("backbone_config", {{"out_features", {"stage9"}}}),
              HasSubstr("a stage that is not there"));
}

TEST(GroundingDinoTest, FusedAndPlainKernelsAgreeInBothDtypes) {
  c10::NoGradGuard no_grad;
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    at::manual_seed(3);
    // The sizes of the real model take the fixed-size loop, others the general one.
    for (const int64_t size : {32, 12}) {
      const LevelShapes shapes = {{7, 5}, {3, 4}};
      const at::Tensor value = at::randn({2, 47, 3, size}).to(dtype);
      const at::Tensor offsets = 4 * at::randn({2, 70, 3, 2, 4, 2});
      const at::Tensor scores = at::randn({2, 70, 3, 2, 4});
      const at::Tensor weights = at::softmax(scores.flatten(3), -1).view(scores.sizes());
      for (const int64_t numbers : {2, 4}) {
        const at::Tensor reference = at::rand({2, 70, 2, numbers});
        at::Tensor places = reference.narrow(-1, 0, 2).unsqueeze(2).unsqueeze(4);
        if (numbers == 4) {
          places = places + offsets / 4 * reference.narrow(-1, 2, 2).unsqueeze(2).unsqueeze(4) / 2;
        } else {
          places = places + offsets / at::tensor({5.0f, 7.0f, 4.0f, 3.0f}).view({2, 1, 2});
        }
        const at::Tensor fused = fused_sample_levels(value, shapes, offsets, scores, reference);
        const at::Tensor plain = sample_levels(value, shapes, places, weights);
        EXPECT_EQ(fused.scalar_type(), dtype);
        const double error = (fused - plain).abs().max().item<double>();
        EXPECT_LT(error, dtype == at::kFloat ? 1e-5 : 0.04) << size << " " << numbers;
      }
    }
  }
}

// Windows that are shifted, padded and of several sizes; 7 x 7 of 32 numbers has loops of its own.
TEST(GroundingDinoTest, FusedAndPlainWindowsAgreeInBothDtypes) {
  c10::NoGradGuard no_grad;
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const int64_t window : {4, 7, 3}) {
      for (const int64_t embed_dim : {32, 20}) {
        const SwinConfig config{.embed_dim = embed_dim,
                                .depths = {2, 2},
                                .num_heads = {1, 2},
                                .window_size = window,
                                .patch_size = 2,
                                .out_stages = {1, 2}};
        const ParameterSource random = random_parameters(1, at::kFloat, at::kCPU);
        // All parameters are random, biases too: padding shows them.
        int count = 0;
        const SwinBackbone swin(config, [&](const std::string&, at::IntArrayRef shape) {
          return (random("p" + std::to_string(count++), shape) * 8).to(dtype);
        });
        at::manual_seed(2);
        const at::Tensor pixels = at::randn({2, 3, 37, 30}).to(dtype);
        const auto fused = swin.forward(pixels, AttentionKernel::kAuto);
        const auto plain = swin.forward(pixels, AttentionKernel::kPlain);
        for (const size_t map : {0, 1}) {
          const double error = (fused[map] - plain[map]).abs().max().item<double>();
          EXPECT_LT(error, dtype == at::kFloat ? 2e-5 : 0.1) << window << " " << embed_dim;
        }
      }
    }
  }
}

TEST(GroundingDinoTest, NotANumberStaysOneInAWindow) {
  c10::NoGradGuard no_grad;
  const at::Tensor x = at::randn({1, 4, 32});
  const at::Tensor bias = at::zeros({1, 4, 4});
  const WindowGeometry geometry{.height = 2, .width = 2, .window = 2};
  for (const int which : {0, 1, 2}) {
    at::Tensor parts[3] = {x, x, x};
    parts[which] = x.clone();
    parts[which][0][1][3] = std::nan("");
    const at::Tensor out =
        fused_window_attention(parts[0], parts[1], parts[2], {}, {}, bias, geometry);
    EXPECT_TRUE(out.isnan().any().item<bool>()) << which;
  }
}

// The layer's gradients to all that it is given and all its parameters, some points being outside.
TEST(GroundingDinoTest, FusedAndPlainKernelsHaveTheSameGradients) {
  at::manual_seed(5);
  const LevelShapes shapes = {{7, 5}, {3, 4}};
  for (const int64_t size : {64, 36}) {  // 32 a head: the fixed-size loop
    for (const int64_t numbers : {2, 4}) {
      const at::Tensor reference = at::rand({2, 9, 2, numbers});
      const at::Tensor queries = at::randn({2, 9, size}), memory = at::randn({2, 47, size});
      const at::Tensor towards = at::randn({2, 9, size});
      std::map<std::string, at::Tensor> of[2];
      for (const int kernel : {0, 1}) {
        std::map<std::string, at::Tensor>& leaves = of[kernel];
        leaves["queries"] = queries.clone().requires_grad_();
        leaves["memory"] = memory.clone().requires_grad_();
        const ParameterSource random = random_parameters(1, at::kFloat, at::kCPU);
        const DeformableAttention layer(
            [&](const std::string& name, at::IntArrayRef shape) {
              return leaves[name] = (random(name, shape) * 10).requires_grad_();
            },
            "a", size, 2, 2, 3);
        const at::Tensor out =
            layer.forward(leaves["queries"], leaves["memory"], {}, reference, shapes,
                          kernel == 0 ? AttentionKernel::kPlain : AttentionKernel::kAuto);
        (out * towards).sum().backward();
      }
      for (auto& [name, plain] : of[0]) {
        const double largest = plain.grad().abs().max().item<double>();
        const double error = (plain.grad() - of[1][name].grad()).abs().max().item<double>();
        EXPECT_GT(largest, 0) << name;
        EXPECT_LT(error, 1e-5 * largest) << name << " " << size << " " << numbers;
      }
    }
  }
}

// An offset that is not a number must not become an address.
TEST(GroundingDinoTest, NotANumberIsOutsideOfEveryLevel) {
  c10::NoGradGuard no_grad;
  const at::Tensor value = at::ones({1, 6, 1, 32});
  for (const double bad : {std::nan(""), 1e30, -1e30}) {
    const at::Tensor offsets = at::full({1, 1, 1, 1, 1, 2}, bad);
    const at::Tensor out = fused_sample_levels(value, {{2, 3}}, offsets.to(at::kFloat),
                                               at::zeros({1, 1, 1, 1, 1}), at::zeros({1, 1, 1, 2}));
    EXPECT_EQ(out.abs().max().item<float>(), 0.0f);
  }
}

TEST(GroundingDinoTest, GradientsReachBackboneAndText) {
  const GroundingDinoConfig config = parse_grounding_dino_config(small_config(), "config.json");
  const ParameterSource random = random_grounding_dino(config, 1, at::kFloat, at::kCPU);
  std::map<std::string, at::Tensor> parameters;
  const GroundingDino model(config, [&](const std::string& name, at::IntArrayRef shape) {
    return parameters[name] = random(name, shape).requires_grad_();
  });
  const auto vision =
      model.encode_images(at::ones({1, 3, 64, 48}), at::ones({1, 64, 48}, at::kLong));
  const at::Tensor text = ids({101, 7, 1012, 102});
  const auto output =
      model.ground(vision, model.encode_text(text, at::zeros_like(text), at::ones_like(text)));
  (output.boxes.sum() + output.logits.slice(2, 0, 4).sum()).backward();
  for (const char* name :
       {"model.backbone.conv_encoder.model.embeddings.patch_embeddings.projection.weight",
        "model.text_backbone.embeddings.word_embeddings.weight",
        "model.encoder.layers.0.deformable_layer.self_attn.sampling_offsets.weight"}) {
    ASSERT_TRUE(parameters.at(name).grad().defined()) << name;
    EXPECT_TRUE(at::isfinite(parameters.at(name).grad()).all().item<bool>()) << name;
  }
}

TEST(GroundingDinoTest, WhatCannotBeAskedIsSaid) {
  c10::NoGradGuard no_grad;
  const GroundingDino model = small_model();
  const auto message = [&](const at::Tensor& text) -> std::string {
    try {
      model.encode_text(text, at::zeros_like(text), at::ones_like(text));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(at::ones({1, 257}, at::kLong)), HasSubstr("257 tokens"));
  EXPECT_THAT(message(ids({101, 5000, 102})), HasSubstr("does not hold"));

  // 16 x 16 pixels are 2 * 2 + 1 + 1 + 1 places: enough; with more queries they are not.
  Json json = small_config();
  json["num_queries"] = 50;
  const GroundingDinoConfig config = parse_grounding_dino_config(json, "config.json");
  const GroundingDino many(config, random_grounding_dino(config, 1, at::kFloat, at::kCPU));
  const auto vision =
      many.encode_images(at::ones({1, 3, 16, 16}), at::ones({1, 16, 16}, at::kLong));
  const at::Tensor text = ids({101, 7, 1012, 102});
  const auto words = many.encode_text(text, at::zeros_like(text), at::ones_like(text));
  EXPECT_THROW(many.ground(vision, words), Error);
}

TEST(GroundingDinoTest, BoxesAboveTheThresholdKeepTheOrderOfQueries) {
  // Three queries over four tokens; sigmoid(0) = 0.5, the threshold is strict.
  const at::Tensor logits = at::tensor({-9.f, 2.f, -9.f, 1.f,  //
                                        0.f, 0.f, 0.f, 0.f,    //
                                        3.f, -9.f, 1.f, -9.f})
                                .view({3, 4});
  const at::Tensor boxes = at::tensor({0.5f, 0.5f, 0.2f, 0.4f}).repeat({3, 1});
  const auto found = grounded_boxes(logits, boxes, 100, 200, 0.5, 0.7);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_FLOAT_EQ(found[0].box[0], 80);
  EXPECT_FLOAT_EQ(found[0].box[1], 30);
  EXPECT_FLOAT_EQ(found[0].box[2], 120);
  EXPECT_FLOAT_EQ(found[0].box[3], 70);
  EXPECT_EQ(found[0].positions, std::vector<int64_t>({1}));  // the last place never counts
  EXPECT_EQ(found[1].positions, std::vector<int64_t>({2}));  // nor does the first
}

}  // namespace
}  // namespace vigor
