#include "text/tokenizer_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

TokenizerConfig parse(TokenizerFiles files) {
  return parse_tokenizer_config(files, "folder");
}

// The message of the Error that the three texts give.
std::string files_refusal(const TokenizerFiles& files) {
  try {
    parse(files);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(TokenizerConfig, DefaultsAreTheLibrarys) {
  const TokenizerConfig config = parse({});
  EXPECT_TRUE(config.legacy);
  EXPECT_TRUE(config.add_bos_token);
  EXPECT_FALSE(config.add_eos_token);
  EXPECT_EQ(config.bos_token, "<s>");
  EXPECT_FALSE(config.pad_token.has_value());
  EXPECT_TRUE(config.added_tokens.empty());
}

TEST(TokenizerConfig, NullMeansDefaultAndTokensMayBeObjects) {
  const TokenizerConfig config = parse({.tokenizer_config = R"({
      "legacy": null, "pad_token": null, "bos_token": {"__type": "AddedToken", "content": "<b>"},
      "chat_template": "ignored", "model_max_length": 1e30})"});
  EXPECT_TRUE(config.legacy);
  EXPECT_EQ(config.bos_token, "<b>");
  EXPECT_FALSE(config.pad_token.has_value());
}

TEST(TokenizerConfig, AddedTokensDecoderMakesTheOtherFilesIrrelevant) {
  const TokenizerConfig config = parse({
      .tokenizer_config =
          R"({"added_tokens_decoder": {"7": {"content": "<image>", "special": true}}})",
      .added_tokens = R"({"<other>": 8})",
      .special_tokens_map = R"({"pad_token": "<unk>"})",
  });
  ASSERT_EQ(config.added_tokens.size(), 1u);
  EXPECT_EQ(config.added_tokens[0].id, 7);
  EXPECT_TRUE(config.added_tokens[0].special);
  EXPECT_FALSE(config.pad_token.has_value());
}

TEST(TokenizerConfig, OldFoldersTakeSpecialTokensMapOverConfig) {
  const TokenizerConfig config = parse({
      .tokenizer_config = R"({"pad_token": "<p>"})",
      .added_tokens = R"({"<im_start>": 9, "<tag>": 10})",
      .special_tokens_map =
          R"({"pad_token": "<unk>", "additional_special_tokens": ["<tag>", {"content": "<x>"}]})",
  });
  EXPECT_EQ(config.pad_token, "<unk>");
  EXPECT_THAT(config.additional_special_tokens, ::testing::ElementsAre("<tag>", "<x>"));
  ASSERT_EQ(config.added_tokens.size(), 2u);
  EXPECT_FALSE(config.added_tokens[0].special);
  EXPECT_TRUE(config.added_tokens[1].special);
}

TEST(TokenizerConfig, ErrorsNameFileAndKey) {
  EXPECT_THAT(files_refusal({.tokenizer_config = R"({"legacy": "yes"})"}),
              AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("legacy")));
  EXPECT_THAT(files_refusal({.tokenizer_config = "[]"}), HasSubstr("tokenizer_config.json"));
  EXPECT_THAT(files_refusal({.tokenizer_config = "{"}), HasSubstr("tokenizer_config.json:1"));
  EXPECT_THAT(files_refusal({.tokenizer_config = R"({"tokenizer_class": "GPT2Tokenizer"})"}),
              AllOf(HasSubstr("GPT2Tokenizer"), HasSubstr("tokenizer_class")));
  EXPECT_THAT(
      files_refusal({.tokenizer_config = R"({"sp_model_kwargs": {"enable_sampling": true}})"}),
      HasSubstr("sp_model_kwargs"));
  EXPECT_THAT(files_refusal({.tokenizer_config = R"({"bos_token": 3})"}), HasSubstr("bos_token"));
  EXPECT_THAT(files_refusal({.tokenizer_config = R"({"eos_token": ""})"}), HasSubstr("eos_token"));
  EXPECT_THAT(files_refusal({.tokenizer_config = R"({"eos_token": {}})"}), HasSubstr("content"));
  EXPECT_THAT(files_refusal({.tokenizer_config = R"({"added_tokens_decoder": []})"}),
              HasSubstr("added_tokens_decoder"));
  EXPECT_THAT(files_refusal({.special_tokens_map = R"({"additional_special_tokens": "<x>"})"}),
              AllOf(HasSubstr("special_tokens_map.json"), HasSubstr("additional_special_tokens")));
  EXPECT_THAT(files_refusal({.added_tokens = R"({"<image>": "600"})"}),
              AllOf(HasSubstr("added_tokens.json"), HasSubstr("<image>")));
}

TEST(TokenizerConfig, RefusesIdsThatCannotBe) {
  for (const char* id : {"-1", "1.5", "99999999999999999999", "4294967296"}) {
    EXPECT_THAT(files_refusal({.added_tokens = "{\"<image>\": " + std::string(id) + "}"}),
                HasSubstr("added_tokens.json"))
        << id;
  }
  for (const char* id : {"-1", "x", "", "9999999999999", "1.5"}) {
    EXPECT_THAT(files_refusal({.tokenizer_config = "{\"added_tokens_decoder\": {\"" +
                                                   std::string(id) + "\": {\"content\": \"a\"}}}"}),
                HasSubstr("added_tokens_decoder"))
        << id;
  }
  EXPECT_THAT(files_refusal({.added_tokens = R"({"<a>": 5, "<b>": 5})"}), HasSubstr("id 5"));
  EXPECT_THAT(files_refusal({.added_tokens = R"({"": 5})"}), HasSubstr("empty"));
  EXPECT_THAT(files_refusal({.tokenizer_config = R"({"added_tokens_decoder":
                {"5": {"content": "a"}, "6": {"content": "a"}}})"}),
              HasSubstr("twice"));
}

}  // namespace
}  // namespace vigor
