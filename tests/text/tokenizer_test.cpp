#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"
#include "text/prompt.h"

namespace vigor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<int>;

std::filesystem::path tiny_model() {
  return testing::source_dir() / "tests/text/data/tokenizer.model";
}

Tokenizer tiny(TokenizerConfig config = {}) {
  return Tokenizer(read_file(tiny_model()), std::move(config), "tiny");
}

template <typename Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Tokenizer, AMissingModelNamesTheFileAndSaysWhatToDo) {
  testing::TemporaryFolder folder;
  EXPECT_THAT(refusal([&] { Tokenizer::load(folder.path()); }),
              AllOf(HasSubstr("tokenizer.model"), HasSubstr(folder.path().string())));
  folder.write("tokenizer.json", "{}");
  EXPECT_THAT(refusal([&] { Tokenizer::load(folder.path()); }), HasSubstr("tokenizer.json alone"));
}

TEST(Tokenizer, ABrokenModelIsOneClearError) {
  const std::string whole = read_file(tiny_model());
  for (const std::string& bytes :
       {std::string(), std::string("version https://git-lfs.github.com/spec/v1\n"),
        whole.substr(0, whole.size() / 2), std::string(100, '\xff')}) {
    EXPECT_THAT(refusal([&] { Tokenizer(bytes, {}, "here/tokenizer.model"); }),
                AllOf(HasSubstr("not a sentencepiece model"), HasSubstr("here/tokenizer.model")))
        << bytes.size();
    TokenizerConfig non_legacy;
    non_legacy.legacy = false;
    EXPECT_THAT(refusal([&] { Tokenizer(bytes, non_legacy, "here/tokenizer.model"); }),
                HasSubstr("not a sentencepiece model"))
        << bytes.size();
  }
}

TEST(Tokenizer, IdsBeyondTheVocabularyGiveNoText) {
  const Tokenizer tokenizer = tiny();
  Ids ids = tokenizer.encode("a dog", false);
  const std::string text = tokenizer.decode(ids, true);
  ids.insert(ids.begin() + 1, {tokenizer.vocab_size(), 1 << 30, -1, -200});
  EXPECT_EQ(tokenizer.decode(ids, true), text);
  EXPECT_EQ(tokenizer.decode(Ids{tokenizer.vocab_size() + 5}, false), "");
  EXPECT_EQ(tokenizer.id_to_piece(-1), "");
  EXPECT_EQ(tokenizer.id_to_piece(1 << 30), "");
}

TEST(Tokenizer, SpecialTokensWithoutAnIdTakeTheNextFreeOnes) {
  TokenizerConfig config;
  config.pad_token = "<pad>";
  config.additional_special_tokens = {"<image>"};
  const int pieces = tiny().vocab_size();
  const Tokenizer tokenizer = tiny(config);
  EXPECT_EQ(tokenizer.pad_id(), pieces);
  EXPECT_EQ(tokenizer.id_of("<image>"), pieces + 1);
  EXPECT_EQ(tokenizer.vocab_size(), pieces + 2);
  EXPECT_EQ(tokenizer.id_of("dog"), std::nullopt);
  EXPECT_EQ(tokenizer.id_of(""), std::nullopt);
}

TEST(Tokenizer, EosFollowsWhenTheConfigurationAsks) {
  TokenizerConfig config;
  config.add_eos_token = true;
  const Tokenizer tokenizer = tiny(config);
  EXPECT_EQ(tokenizer.encode("", true), (Ids{tokenizer.bos_id(), tokenizer.eos_id()}));
  EXPECT_EQ(tokenizer.encode("", false), Ids{});
}

TEST(Tokenizer, FitsAnEmbeddingWithAtLeastAsManyRows) {
  TokenizerConfig config;
  const int pieces = tiny().vocab_size();
  config.added_tokens = {{.content = "<image>", .id = pieces, .special = true}};
  const Tokenizer tokenizer = tiny(config);
  check_fits(tokenizer, pieces + 1, "folder");
  check_fits(tokenizer, pieces + 64, "folder");
  EXPECT_THAT(refusal([&] { check_fits(tokenizer, pieces, "folder"); }),
              AllOf(HasSubstr("<image>"), HasSubstr(std::to_string(pieces) + " rows"),
                    HasSubstr("folder")));
}

TEST(Tokenizer, AGapBelowAnAddedTokenIsTheMarkOfTwoTokenizers) {
  TokenizerConfig config;
  const int pieces = tiny().vocab_size();
  config.added_tokens = {{.content = "<image>", .id = pieces + 3, .special = true}};
  EXPECT_THAT(refusal([&] { check_fits(tiny(config), pieces + 64, "folder"); }),
              AllOf(HasSubstr("no token has the id " + std::to_string(pieces)),
                    HasSubstr("belong to different checkpoints")));
}

TEST(AddedTokens, TheLeftmostAndLongestIsFound) {
  const AddedTokens tokens({{.content = "<a>", .id = 1}, {.content = "<a><b>", .id = 2}});
  std::vector<std::string> parts;
  for (const auto& segment : tokens.split("x<a><a><b>y<")) parts.push_back(segment.text);
  EXPECT_THAT(parts, ElementsAre("x", "<a>", "<a><b>", "y<"));
}

TEST(AddedTokens, StripAndSingleWordRules) {
  const AddedTokens tokens({{.content = "<l>", .id = 1, .lstrip = true},
                            {.content = "<r>", .id = 2, .rstrip = true},
                            {.content = "<w>", .id = 3, .single_word = true}});
  const auto split = [&](std::string_view text) {
    std::string result;
    for (const auto& segment : tokens.split(text)) {
      result += (segment.token != nullptr ? "[" : "(") + segment.text +
                (segment.token != nullptr ? "]" : ")");
    }
    return result;
  };
  EXPECT_EQ(split("a \xc2\xa0<l> b"), "(a)[<l>]( b)");
  EXPECT_EQ(split("a <r> \n b"), "(a )[<r>](b)");
  EXPECT_EQ(split("a <r>  "), "(a )[<r>]");
  EXPECT_EQ(split("a <w> b"), "(a )[<w>]( b)");
  EXPECT_EQ(split("a<w> b"), "(a<w>)( b)");
  EXPECT_EQ(split("<w>b"), "(<w>b)");
}

TEST(Prompt, SplitKeepsOneBosAndMarksEveryImage) {
  const Tokenizer tokenizer = tiny();
  Ids expected = tokenizer.encode("a", true);
  expected.push_back(kImageMark);
  expected.push_back(kImageMark);
  const Ids last = tokenizer.encode("b", false);
  expected.insert(expected.end(), last.begin(), last.end());
  EXPECT_EQ(split_prompt(tokenizer, "a<image><image>b"), expected);
  EXPECT_EQ(split_prompt(tokenizer, "<image>"), (Ids{tokenizer.bos_id(), kImageMark}));
  EXPECT_EQ(split_prompt(tokenizer, ""), Ids{tokenizer.bos_id()});
}

TEST(Prompt, WithoutBosInTheConfigurationThereIsNone) {
  TokenizerConfig config;
  config.add_bos_token = false;
  EXPECT_EQ(split_prompt(tiny(config), "<image>"), Ids{kImageMark});
}

TEST(Prompt, TheHubLayoutNeedsAnImageToken) {
  EXPECT_THAT(refusal([&] { prompt_ids(tiny(), "a <image>", ImageTokenStyle::kAddedToken); }),
              HasSubstr("<image>"));
  EXPECT_EQ(prompt_ids(tiny(), "a", ImageTokenStyle::kAddedToken), tiny().encode("a", true));
}

TEST(Prompt, ImageStandsInFrontOfTheQuestion) {
  EXPECT_EQ(image_question("What?", false), "<image>\nWhat?");
  EXPECT_EQ(image_question("What?", true), "<im_start><image><im_end>\nWhat?");
  EXPECT_EQ(image_question("What?\n<image>", false), "What?\n<image>");
  EXPECT_EQ(image_question("a <image> b <image>", true),
            "a <im_start><image><im_end> b <im_start><image><im_end>");
}

}  // namespace
}  // namespace vigor
