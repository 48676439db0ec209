#include "model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

Json small_config() {
  return Json::parse(R"({"model_type":"llava","image_token_index":600,
    "text_config":{"vocab_size":640,"hidden_size":96,"intermediate_size":256,"num_hidden_layers":3,
                   "num_attention_heads":6,"num_key_value_heads":2},
    "vision_config":{"hidden_size":64,"intermediate_size":160,"num_hidden_layers":4,
                     "num_attention_heads":4,"image_size":56,"patch_size":14}})");
}

std::string message_of(const Json& config) {
  try {
    parse_llava_config(config, "config.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(LlavaConfig, AbsentKeysMeanTheLibraryDefaults) {
  const LlavaConfig config = parse_llava_config(small_config(), "config.json");
  EXPECT_EQ(config.vision.hidden_act, "quick_gelu");
  EXPECT_EQ(config.text.rope_theta, 10000.0);
  EXPECT_EQ(config.vision_feature_layer, -2);
  EXPECT_EQ(config.vision_layers_needed(), 3);
  EXPECT_EQ(config.image_tokens(), 16);
  EXPECT_EQ(config.text.head_dim, 16);
}

TEST(LlavaConfig, WrittenConfigReadsBackTheSame) {
  const LlavaConfig config = parse_llava_config(small_config(), "config.json");
  const Json written = llava_config_json(config, "float32");
  EXPECT_EQ(llava_config_json(parse_llava_config(written, "again"), "float32"), written);
}

TEST(LlavaConfig, RefusesWhatWouldBeSilentlyWrong) {
  Json scaled = small_config();
  scaled["text_config"]["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
  EXPECT_THAT(message_of(scaled), HasSubstr("rope_scaling is not supported"));
  Json heads = small_config();
  heads["text_config"]["num_key_value_heads"] = 4;
  EXPECT_THAT(message_of(heads), HasSubstr("num_attention_heads is not a multiple"));
  Json layer = small_config();
  layer["vision_feature_layer"] = -9;
  EXPECT_THAT(message_of(layer), HasSubstr("outside of the 4 vision layers"));
  Json huge = small_config();
  huge["text_config"]["hidden_size"] = -96;
  EXPECT_THAT(message_of(huge), HasSubstr("'hidden_size' is -96"));
}

TEST(LlavaConfig, RefusesOtherFamilies) {
  Json other = small_config();
  other["text_config"]["model_type"] = "qwen2";
  EXPECT_THAT(message_of(other),
              HasSubstr("config.json: text_config: model_type is 'qwen2', not llama"));
  // Which lack what LLaVA has, besides.
  for (const char* family : {"qwen2_vl", "llava_next", "mllama"}) {
    EXPECT_THAT(message_of({{"model_type", family}}),
                HasSubstr(std::string("config.json: model_type is '") + family + "', not llava"));
  }
}

TEST(LlavaConfig, NamesTheVisionTowerThatIsMissing) {
  testing::TemporaryFolder folder;
  folder.write("config.json",
               R"({"model_type":"llava","mm_vision_tower":"openai/clip-vit-large-patch14-336",
                   "mm_hidden_size":1024})");
  try {
    read_llava_config(folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("clip-vit-large-patch14-336"));
    EXPECT_THAT(error.what(), HasSubstr("--vision-tower"));
  }
}

}  // namespace
}  // namespace vigor
