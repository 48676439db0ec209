#include "language/word_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigor::language {
namespace {

// Words joined by " / ".
std::string words(const std::string& sentence) {
  std::string joined;
  for (const Word& word : tokenize_words(sentence)) {
    joined += joined.empty() ? "" : " / ";
    joined += word.text;
  }
  return joined;
}

TEST(WordTokenizer, PunctuationStandsAlone) {
  EXPECT_EQ(words("The U.S. flag hangs. next"), "The / U.S. / flag / hangs. / next");
  EXPECT_EQ(words("It is 100% cotton $3 a&b"), "It / is / 100 / % / cotton / $ / 3 / a / & / b");
  EXPECT_EQ(words("at 10:30, 2,500"), "at / 10:30 / , / 2,500");
  EXPECT_EQ(words("a,,b"), "a / , / ,b");
  EXPECT_EQ(words("a dog.\n"), "a / dog / .");
}

TEST(WordTokenizer, Quotes) {
  EXPECT_EQ(words("He said \"hello\"."), "He / said / `` / hello / '' / .");
  EXPECT_EQ(words("a 'yield' sign"), "a / 'yield / ' / sign");
  EXPECT_EQ(words("“Hi” «x»"), "“ / Hi / ” / « / x / »");
}

TEST(WordTokenizer, Contractions) {
  EXPECT_EQ(words("men's dogs' bowls"), "men / 's / dogs / ' / bowls");
  EXPECT_EQ(words("don't Don'T they’ve"), "do / n't / Don'T / they / ’ / ve");
  EXPECT_EQ(words("cannot gonna-be wanna 'tis"), "can / not / gon / na / -be / wan / na / 't / is");
}

TEST(WordTokenizer, SpansNameTheBytes) {
  const auto found = tokenize_words("\"é\" ok");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].text, "``");
  EXPECT_EQ(found[0].span, (Span{0, 1}));
  EXPECT_EQ(found[1].span, (Span{1, 3}));
  EXPECT_EQ(found[2].span, (Span{3, 4}));
  EXPECT_EQ(found[3].span, (Span{5, 7}));
}

TEST(WordTokenizer, AnyBytesAreAllowed) {
  EXPECT_EQ(words("a\xFF\xC3 b"), "a\xFF\xC3 / b");
  EXPECT_EQ(words(""), "");
}

}  // namespace
}  // namespace vigor::language
