// The official release's .pth: the reference's weights under its names are the same detector.
#include "model/grounding_dino/original_checkpoint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "tests/model/original_file.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

TEST(OriginalCheckpoint, NamesAreThoseOfTheOfficialCode) {
  const auto at = [](const char* name) { return original_place(name).name; };
  const std::string swin = "model.backbone.conv_encoder.model.";
  // From the official code's modules.
  const std::map<std::string, std::string> expected = {
      {swin + "embeddings.patch_embeddings.projection.weight",
       "backbone.0.patch_embed.proj.weight"},
      {swin + "embeddings.norm.bias", "backbone.0.patch_embed.norm.bias"},
      {swin + "encoder.layers.2.blocks.11.layernorm_before.weight",
       "backbone.0.layers.2.blocks.11.norm1.weight"},
      {swin + "encoder.layers.0.blocks.1.attention.self.relative_position_bias_table",
       "backbone.0.layers.0.blocks.1.attn.relative_position_bias_table"},
      {swin + "encoder.layers.0.blocks.1.attention.output.dense.bias",
       "backbone.0.layers.0.blocks.1.attn.proj.bias"},
      {swin + "encoder.layers.0.blocks.1.output.dense.bias",
       "backbone.0.layers.0.blocks.1.mlp.fc2.bias"},
      {swin + "encoder.layers.1.downsample.reduction.weight",
       "backbone.0.layers.1.downsample.reduction.weight"},
      {swin + "hidden_states_norms.stage3.weight", "backbone.0.norm2.weight"},
      {"model.text_backbone.encoder.layer.4.attention.output.LayerNorm.weight",
       "bert.encoder.layer.4.attention.output.LayerNorm.weight"},
      {"model.text_projection.weight", "feat_map.weight"},
      {"model.input_proj_vision.3.0.weight", "input_proj.3.0.weight"},
      {"model.level_embed", "transformer.level_embed"},
      {"model.encoder.layers.5.fusion_layer.vision_param",
       "transformer.encoder.fusion_layers.5.gamma_v"},
      {"model.encoder.layers.5.fusion_layer.attn.values_text_proj.bias",
       "transformer.encoder.fusion_layers.5.attn.values_l_proj.bias"},
      {"model.encoder.layers.5.text_enhancer_layer.layer_norm_after.weight",
       "transformer.encoder.text_layers.5.norm2.weight"},
      {"model.encoder.layers.5.text_enhancer_layer.self_attn.out_proj.weight",
       "transformer.encoder.text_layers.5.self_attn.out_proj.weight"},
      {"model.encoder.layers.5.deformable_layer.self_attn.sampling_offsets.bias",
       "transformer.encoder.layers.5.self_attn.sampling_offsets.bias"},
      {"model.encoder.layers.5.deformable_layer.self_attn_layer_norm.bias",
       "transformer.encoder.layers.5.norm1.bias"},
      {"model.encoder.layers.5.deformable_layer.fc2.bias",
       "transformer.encoder.layers.5.linear2.bias"},
      {"model.enc_output.weight", "transformer.enc_output.weight"},
      {"model.enc_output_norm.weight", "transformer.enc_output_norm.weight"},
      {"model.encoder_output_bbox_embed.layers.2.bias",
       "transformer.enc_out_bbox_embed.layers.2.bias"},
      {"model.query_position_embeddings.weight", "transformer.tgt_embed.weight"},
      {"model.decoder.layer_norm.weight", "transformer.decoder.norm.weight"},
      {"model.decoder.reference_points_head.layers.1.weight",
       "transformer.decoder.ref_point_head.layers.1.weight"},
      {"model.decoder.layers.0.encoder_attn_layer_norm.weight",
       "transformer.decoder.layers.0.norm1.weight"},
      {"model.decoder.layers.0.encoder_attn.value_proj.weight",
       "transformer.decoder.layers.0.cross_attn.value_proj.weight"},
      {"model.decoder.layers.0.encoder_attn_text_layer_norm.weight",
       "transformer.decoder.layers.0.catext_norm.weight"},
      {"model.decoder.layers.0.encoder_attn_text.out_proj.weight",
       "transformer.decoder.layers.0.ca_text.out_proj.weight"},
      {"model.decoder.layers.0.self_attn_layer_norm.weight",
       "transformer.decoder.layers.0.norm2.weight"},
      {"model.decoder.layers.0.final_layer_norm.weight",
       "transformer.decoder.layers.0.norm3.weight"},
      {"bbox_embed.4.layers.0.weight", "bbox_embed.4.layers.0.weight"}};
  for (const auto& [name, official] : expected) EXPECT_EQ(at(name.c_str()), official);
  const OriginalPlace key = original_place("model.decoder.layers.3.encoder_attn_text.key.weight");
  EXPECT_EQ(key.name, "transformer.decoder.layers.3.ca_text.in_proj_weight");
  EXPECT_EQ(key.third, 1);
  const OriginalPlace value =
      original_place(swin + "encoder.layers.1.blocks.0.attention.self.value.bias");
  EXPECT_EQ(value.name, "backbone.0.layers.1.blocks.0.attn.qkv.bias");
  EXPECT_EQ(value.third, 2);
  EXPECT_EQ(original_place("level").name, "level");
}

class ReferenceOriginalCheckpoint : public ::testing::Test {
 protected:
  void SetUp() override {
    VIGOR_REQUIRE_SHARED("reference/grounding-dino-tiny");
    folder_ = testing::shared("reference/grounding-dino-tiny");
  }
  std::string pth(const std::string& prefix, const std::string& without = "") const {
    return testing::original_grounding_dino(folder_, prefix, without);
  }
  std::filesystem::path folder_;
  testing::TemporaryFolder out_;
};

TEST_F(ReferenceOriginalCheckpoint, HoldsTheSameTensors) {
  for (const char* prefix : {"model.", "module.", ""}) {
    out_.write("dino.pth", pth(prefix));
    const auto expected = open_grounding_dino(folder_, at::kFloat, at::kCPU);
    const auto found = open_original_grounding_dino(out_ / "dino.pth", folder_ / "config.json",
                                                    at::kFloat, at::kCPU);
    int compared = 0;
    GroundingDino(expected.config, [&](const std::string& name, at::IntArrayRef shape) {
      const at::Tensor value = expected.source(name, shape);
      EXPECT_TRUE(at::equal(found.source(name, shape), value)) << name;
      ++compared;
      return value;
    });
    EXPECT_GT(compared, 200);
  }
}

TEST_F(ReferenceOriginalCheckpoint, WhatIsMissingIsNamed) {
  const auto message = [&](const std::string& bytes) -> std::string {
    out_.write("dino.pth", bytes);
    try {
      const auto opened = open_original_grounding_dino(out_ / "dino.pth", folder_ / "config.json",
                                                       at::kFloat, at::kCPU);
      GroundingDino(opened.config, opened.source);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(pth("model.", "transformer.level_embed")),
              HasSubstr("no checkpoint of the official Grounding DINO"));
  EXPECT_THAT(message(pth("model.", "feat_map.weight")), HasSubstr("model.feat_map.weight"));
  EXPECT_THAT(message("PK nothing"), HasSubstr("dino.pth"));
}

}  // namespace
}  // namespace vigor
