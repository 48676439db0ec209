#include "judges/client/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <type_traits>

#include "base/base64.h"
#include "base/json.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kKey[] = "sk-PLANTED/+key\"0123456789";

std::string redacted(const std::string& text) {
  Redactor redactor;
  redactor.add(Secret(kKey));
  return redactor.redact(text);
}

TEST(Secret, IsNotAString) {
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string_view>));
  EXPECT_FALSE((std::is_constructible_v<Json, Secret>));
}

TEST(Redactor, TakesOutEveryOccurrence) {
  EXPECT_EQ(redacted(std::string("a ") + kKey + kKey + " b"), "a [redacted][redacted] b");
}

TEST(Redactor, LeavesOtherText) {
  EXPECT_EQ(redacted("sk-PLANTED/+ke"), "sk-PLANTED/+ke");
  EXPECT_EQ(Redactor().redact("text"), "text");
}

TEST(Redactor, KnowsBase64AtAnyOffset) {
  for (const char* before : {"", "u", "us", "user:", "Bearer "}) {
    const std::string text = base64(std::string(before) + kKey + "tail");
    const std::string out = redacted(text);
    EXPECT_THAT(out, HasSubstr("[redacted]")) << before;
    EXPECT_LE(out.size(), text.size() - base64(kKey).size() + 16) << out;
  }
}

TEST(Redactor, KnowsTheUrlAlphabet) {
  std::string text = base64(kKey);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  EXPECT_THAT(redacted(text), HasSubstr("[redacted]"));
}

TEST(Redactor, KnowsPercentEncoding) {
  EXPECT_EQ(redacted("sk-PLANTED%2F%2Bkey%220123456789"), "[redacted]");
  EXPECT_EQ(redacted("sk-PLANTED%2f%2bkey%220123456789"), "[redacted]");
}

TEST(Redactor, KnowsJsonStrings) {
  EXPECT_EQ(redacted(dump_json(kKey)), "\"[redacted]\"");
  EXPECT_EQ(redacted(R"("sk-PLANTED\/+key\"0123456789")"), "\"[redacted]\"");
}

TEST(Redactor, KnowsHexadecimal) {
  EXPECT_EQ(redacted("736b2d504c414e5445442f2b6b65792230313233343536373839"), "[redacted]");
  EXPECT_EQ(redacted("736B2D504C414E5445442F2B6B65792230313233343536373839"), "[redacted]");
}

TEST(Redactor, DoesNotTakeShortSecretsForText) {
  Redactor redactor;
  redactor.add(Secret("EMPTY"));
  EXPECT_EQ(redactor.redact("an EMPTY room"), "an EMPTY room");
}

}  // namespace
}  // namespace vigor
