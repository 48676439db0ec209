#include "text/image_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"
#include "text/prompt.h"

namespace vigor {
namespace {

constexpr std::string_view kPrompts[] = {
    "Is there a dog? Yes.", "12 \xc3\xa9</s>",     "", "USER: <image>\nIs there a dog? ASSISTANT:",
    "<image>x<image>",      "What is it?\n<image>"};

class ImageToken : public ::testing::Test {
 protected:
  ImageToken() {
    folder_.write("old/tokenizer.model",
                  read_file(testing::source_dir() / "tests/text/data/tokenizer.model"));
  }
  // <image> is added, every other text keeps its ids.
  void check() {
    const Tokenizer before = Tokenizer::load(folder_ / "old");
    DiskFileSystem files;
    const int id = add_image_token(folder_ / "old", before, folder_ / "new", files);
    const Tokenizer after = Tokenizer::load(folder_ / "new");
    EXPECT_EQ(id, before.vocab_size());
    EXPECT_EQ(after.vocab_size(), id + 1);
    EXPECT_EQ(after.id_of("<image>"), id);
    EXPECT_TRUE(after.is_special(id));
    EXPECT_EQ(after.encode("<image>", false), std::vector<int>{id});
    EXPECT_EQ(after.pad_id(), before.pad_id());
    for (const std::string_view prompt : kPrompts) {
      EXPECT_EQ(prompt_ids(after, prompt, ImageTokenStyle::kAddedToken),
                split_prompt(before, prompt))
          << prompt;
    }
    for (int other = 0; other < id; ++other)
      EXPECT_EQ(after.is_special(other), before.is_special(other)) << other;
    EXPECT_THROW(add_image_token(folder_ / "new", after, folder_ / "again", files), Error);
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ImageToken, OfAModelWithoutAnyOtherFile) {
  check();
}

TEST_F(ImageToken, OfATokenizerThatIsNotLegacy) {
  folder_.write("old/tokenizer_config.json",
                R"({"tokenizer_class": "LlamaTokenizer", "legacy": false, "pad_token": null})");
  folder_.write("old/special_tokens_map.json", R"({"pad_token": "<unk>"})");
  check();
}

TEST_F(ImageToken, OtherAddedTokensStay) {
  folder_.write("old/tokenizer_config.json", R"({"additional_special_tokens": ["<a>"]})");
  const int first = Tokenizer::load(folder_ / "old").vocab_size();
  folder_.write("old/added_tokens.json", R"({"<b>": )" + std::to_string(first) + "}");
  check();
  EXPECT_EQ(Tokenizer::load(folder_ / "new").id_of("<b>"), first);
  EXPECT_TRUE(Tokenizer::load(folder_ / "new").id_of("<a>").has_value());
}

}  // namespace
}  // namespace vigor
