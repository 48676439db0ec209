#include "benchmarks/mme/dialect.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace vigor::mme {
namespace {

struct Case {
  std::string answer;
  // In the order official, lmms, vlmeval, strict.
  std::array<Decision, 4> read;
};

constexpr Decision kYes = Decision::kYes, kNo = Decision::kNo, kNone = Decision::kNone;

class MmeDialects : public ::testing::TestWithParam<Case> {};

TEST_P(MmeDialects, ReadAsTheirTools) {
  const Case& c = GetParam();
  EXPECT_EQ(decide(c.answer, Dialect::kOfficial), c.read[0]);
  EXPECT_EQ(decide(c.answer, Dialect::kLmms), c.read[1]);
  EXPECT_EQ(decide(c.answer, Dialect::kVlmeval), c.read[2]);
  EXPECT_EQ(decide(c.answer, Dialect::kStrict), c.read[3]);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, MmeDialects,
    ::testing::Values(Case{"Yes", {kYes, kYes, kYes, kYes}}, Case{"no", {kNo, kNo, kNo, kNo}},
                      Case{"No, there is no dog.", {kNo, kNo, kNo, kNo}},
                      Case{"Yes, there is no other.", {kYes, kYes, kNone, kYes}},
                      // Four characters, of which the script trims none.
                      Case{"  yes", {kNone, kYes, kYes, kYes}},
                      Case{"   no", {kNone, kNo, kNo, kNo}}, Case{"Y", {kNone, kYes, kNone, kNone}},
                      Case{"n.", {kNone, kNo, kNone, kNone}}, Case{"...no", {kNone, kNo, kNo, kNo}},
                      Case{"Nothing", {kNo, kNo, kNone, kNone}},
                      Case{"Know", {kNo, kNo, kNone, kNone}},
                      Case{"eyes", {kYes, kYes, kNone, kNone}},
                      Case{"The answer is no", {kNone, kNone, kNo, kNone}},
                      Case{"", {kNone, kNone, kNone, kNone}},
                      // Characters, not bytes: the n is the fourth, the o the fifth.
                      Case{"\xC3\xA9\xC3\xA9\xC3\xA9no", {kNone, kNone, kNone, kNone}},
                      Case{"\xC3\xA9\xC3\xA9no", {kNo, kNo, kNone, kNone}},
                      // U+0130 becomes two characters in lower case.
                      Case{"\xC4\xB0no", {kNo, kNo, kNone, kNone}},
                      Case{"a\xC4\xB0no", {kNone, kNone, kNone, kNone}},
                      Case{"\xC2\xA0yes", {kYes, kYes, kYes, kYes}}));

TEST(MmeDialect, AnyBytesAreAllowed) {
  for (const std::string text : {"\xFF\xFF\xFF\xFFno", "\x80\x80yes", "\xF0\x9F", "\xC4"}) {
    for (const Dialect dialect :
         {Dialect::kOfficial, Dialect::kLmms, Dialect::kVlmeval, Dialect::kStrict}) {
      decide(text, dialect);
    }
  }
}

}  // namespace
}  // namespace vigor::mme
