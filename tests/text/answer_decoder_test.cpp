#include "text/answer_decoder.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/random.h"
#include "tests/testing/shared_data.h"

namespace vigor {
namespace {

Tokenizer tiny_decoder(bool legacy) {
  TokenizerConfig config;
  config.legacy = legacy;
  const auto path = testing::source_dir() / "tests/text/data/tokenizer.model";
  config.additional_special_tokens = {"<image>"};
  AddedToken plain{.content = "<tag>", .id = 1000};
  config.added_tokens = {plain};
  return Tokenizer(read_file(path), config, "tiny");
}

TEST(AnswerDecoder, HoldsTheBytesOfACharacterUntilItIsWhole) {
  const Tokenizer tokenizer = tiny_decoder(true);
  AnswerDecoder decoder(tokenizer);
  std::vector<std::string> parts;
  for (const int id : tokenizer.encode("a \xf0\x9f\x90\x95!", false)) {
    parts.push_back(decoder.push(id));
  }
  EXPECT_EQ(decoder.text(), "a \xf0\x9f\x90\x95!");
  for (const std::string& part : parts) EXPECT_EQ(part.find("\uFFFD"), std::string::npos);
}

TEST(AnswerDecoder, AnUnfinishedCharacterShowsAtTheEnd) {
  const Tokenizer tokenizer = tiny_decoder(true);
  auto ids = tokenizer.encode("a \xf0\x9f\x90\x95", false);
  ids.pop_back();
  AnswerDecoder decoder(tokenizer);
  for (const int id : ids) decoder.push(id);
  EXPECT_EQ(decoder.text(), "a ");
  decoder.finish();
  EXPECT_EQ(decoder.text(), tokenizer.decode(ids, true));
}

TEST(AnswerDecoder, EqualsTheWholeDecodeForAnyIds) {
  for (const bool legacy : {true, false}) {
    const Tokenizer tokenizer = tiny_decoder(legacy);
    for (uint64_t seed = 0; seed < 200; ++seed) {
      CounterRandom random(seed, "ids");
      std::vector<int> ids(1 + random.below(80));
      // Every few ids a byte, an added token or one that does not exist.
      for (int& id : ids) id = static_cast<int>(random.below(random.below(4) == 0 ? 1010 : 400));
      AnswerDecoder decoder(tokenizer);
      const std::string whole = tokenizer.decode(ids, true);
      for (const int id : ids) {
        decoder.push(id);
        ASSERT_TRUE(whole.starts_with(decoder.text())) << "seed " << seed;
      }
      decoder.finish();
      ASSERT_EQ(decoder.text(), whole) << "seed " << seed;
    }
  }
}

TEST(CutAtStop, CutsBeforeTheFirst) {
  EXPECT_EQ(cut_at_stop("Yes.###Human", {"Human", "###"}).text, "Yes.");
  EXPECT_TRUE(cut_at_stop("Yes.###Human", {"###"}).stopped);
  EXPECT_EQ(cut_at_stop("Yes.", {"###", ""}).text, "Yes.");
  EXPECT_FALSE(cut_at_stop("Yes.", {"###", ""}).stopped);
}

}  // namespace
}  // namespace vigor
