#include "benchmarks/pope/dialect.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor::pope {
namespace {

struct Case {
  const char* answer;
  const char* official;
  const char* lmms;  // "" is neither
  const char* vlmeval;
  const char* strict;
};

// From the rules in docs/dialects.md, worked by hand.
const Case kCases[] = {
    {"Yes", "yes", "yes", "yes", "yes"},
    {"No", "no", "no", "no", "no"},
    {" no\n", "yes", "no", "no", "no"},  // official splits at the space only: "no\n" is no token
    {"NO", "yes", "no", "no", "no"},
    {"No.", "no", "", "no", "no"},
    {"", "yes", "", "", ""},
    {"Yes, there is no dog.", "no", "", "", "yes"},
    {"There is no dog.", "no", "", "no", ""},
    {"There is a dog.", "yes", "", "", ""},
    {"It is not there.", "no", "", "", ""},
    {"yes and no", "no", "", "", ""},
    {"no/yes", "yes", "", "", ""},
    {"Yes, no doubt.", "no", "", "", ""},
    {"**No**", "yes", "", "", "no"},           // VLMEvalKit keeps asterisks
    {"no-one is there", "yes", "", "no", ""},  // its "-" touches no space and becomes one
    {"no\xC2\xA0"
     "dog",
     "yes", "", "no", "no"},
    {"\xE3\x80\x80Yes\xE3\x80\x80", "yes", "yes", "yes", "yes"},
    {"\xE2\x80\x9CNo\xE2\x80\x9D", "yes", "", "", "no"},
    {"no\xC3\xA9", "yes", "", "", ""},
    {"Nope", "yes", "", "", ""},
    {"no1", "yes", "", "", ""},
    {"The answer is: no", "no", "", "no", ""},
};

class PopeDialect : public ::testing::TestWithParam<Case> {};

std::string name_of(std::string_view answer, Dialect dialect) {
  const char* name = decision_name(decide(answer, dialect));
  return name == nullptr ? "" : name;
}

TEST_P(PopeDialect, ReadsTheAnswer) {
  const Case& test = GetParam();
  EXPECT_EQ(name_of(test.answer, Dialect::kOfficial), test.official) << test.answer;
  EXPECT_EQ(name_of(test.answer, Dialect::kLmms), test.lmms) << test.answer;
  EXPECT_EQ(name_of(test.answer, Dialect::kVlmeval), test.vlmeval) << test.answer;
  EXPECT_EQ(name_of(test.answer, Dialect::kStrict), test.strict) << test.answer;
}

INSTANTIATE_TEST_SUITE_P(, PopeDialect, ::testing::ValuesIn(kCases));

TEST(PopeDialectNames, RoundTripAndSuggest) {
  for (const char* name : {"official", "lmms", "vlmeval", "strict"}) {
    EXPECT_STREQ(dialect_name(parse_dialect(name)), name);
  }
  try {
    parse_dialect("oficial");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().fix, "did you mean 'official'?");
    EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
  }
}

TEST(PopeDialectVlmeval, CommaBetweenDigitsDeletesEveryMark) {
  EXPECT_EQ(decide("no-one of 1,000", Dialect::kVlmeval), Decision::kNone);  // "noone"
  EXPECT_EQ(decide("yes.", Dialect::kVlmeval), Decision::kYes);
  EXPECT_EQ(decide(std::string(32, '.') + " yes.", Dialect::kVlmeval),
            Decision::kNone);  // 33rd stop
}

}  // namespace
}  // namespace vigor::pope
