#include "text/tokenizer_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "tests/testing/temporary_folder.h"
#include "text/tokenizer.h"

namespace vigor {
namespace {

std::vector<std::string> captions() {
  const std::vector<std::string> colours = {"red", "blue", "green", "yellow", "white"};
  const std::vector<std::string> things = {"mug", "car", "dog", "tree", "chair", "umbrella"};
  std::vector<std::string> lines;
  CounterRandom random(1, "captions");
  for (int i = 0; i < 300; ++i) {
    lines.push_back("There is a " + colours[random.below(5)] + " " + things[random.below(6)] +
                    " next to a " + colours[random.below(5)] + " " + things[random.below(6)] + ".");
  }
  return lines;
}

TEST(TrainTokenizer, WritesAFolderThatLoadsWithImageAndPad) {
  testing::TemporaryFolder folder;
  train_tokenizer(captions(), 320, folder / "tokenizer");
  const Tokenizer tokenizer = Tokenizer::load(folder / "tokenizer");
  EXPECT_EQ(tokenizer.unk_id(), 0);
  EXPECT_EQ(tokenizer.bos_id(), 1);
  EXPECT_EQ(tokenizer.eos_id(), 2);
  EXPECT_EQ(tokenizer.id_of("<image>"), 320);
  EXPECT_EQ(tokenizer.pad_id(), 321);
  EXPECT_EQ(tokenizer.vocab_size(), 322);
  for (const char* text : {"There is a red mug.", "two  spaces ", "\xe4\xb8\xad \xf0\x9f\x90\x95",
                           "line\nline", "2026"}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, true), true), text);
  }
  // Pairs of the text become pieces.
  EXPECT_LE(tokenizer.encode("There is a red mug.", false).size(), 12u);
}

TEST(TrainTokenizer, TheSameLinesGiveTheSameBytes) {
  testing::TemporaryFolder folder;
  train_tokenizer(captions(), 320, folder / "a");
  train_tokenizer(captions(), 320, folder / "b");
  for (const std::string& name : tokenizer_file_names()) {
    EXPECT_EQ(read_file(folder / "a" / name), read_file(folder / "b" / name)) << name;
  }
}

TEST(TrainTokenizer, SizesThatDoNotFitTheTextAreRefused) {
  testing::TemporaryFolder folder;
  for (const int size : {-5, 0, 3, 100, 30000}) {
    EXPECT_THROW(train_tokenizer(captions(), size, folder / "t"), Error) << size;
    EXPECT_FALSE(std::filesystem::exists(folder / "t" / "tokenizer.model")) << size;
  }
  EXPECT_THROW(train_tokenizer({}, 320, folder / "t"), Error);
  EXPECT_THROW(train_tokenizer({"", ""}, 320, folder / "t"), Error);
}

}  // namespace
}  // namespace vigor
