#include "text/wordpiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor {
namespace {

const char kVocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ndog\n##s\n.\r\n\xe4\xb8\xad\n";

TEST(WordPiece, SplitsGreedilyAndFallsBackToUnknown) {
  const WordPieceTokenizer tokenizer(kVocabulary, "vocab.txt");
  EXPECT_EQ(tokenizer.vocab_size(), 9);
  EXPECT_THAT(tokenizer.encode("Dogs. cat"), ::testing::ElementsAre(2, 5, 6, 7, 1, 3));
  EXPECT_THAT(tokenizer.encode("\xe4\xb8\xad\xe4\xb8\xad"), ::testing::ElementsAre(2, 8, 8, 3));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("Dogs."), true), "dogs.");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("Dogs."), false), "[CLS] dogs. [SEP]");
}

TEST(WordPiece, InvalidBytesAndUnknownIdsDoNoHarm) {
  const WordPieceTokenizer tokenizer(kVocabulary, "vocab.txt");
  EXPECT_THAT(tokenizer.encode("dog\xff\xfe"), ::testing::ElementsAre(2, 5, 3));
  EXPECT_EQ(tokenizer.decode(std::vector<int>{5, -1, 9, 1 << 30}, true), "dog");
}

TEST(WordPiece, AVocabularyWithoutSpecialTokensIsRefused) {
  try {
    WordPieceTokenizer("dog\ncat\n", "folder/vocab.txt");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("folder/vocab.txt"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("[PAD]"));
  }
}

}  // namespace
}  // namespace vigor
