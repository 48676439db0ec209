#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_json(text, "file.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Json, AMistakeIsNamedByLineAndColumn) {
  EXPECT_THAT(refusal("{\n \"a\": 1,\n}"),
              AllOf(HasSubstr("file.json:3:"), HasSubstr("not valid")));
  EXPECT_THAT(refusal("{\"a\": [1, 2"), HasSubstr("cut off"));
}

TEST(Json, ANumberBeyondEveryDoubleIsAnErrorAndNotACrash) {
  EXPECT_THAT(refusal("{\"a\": 1e999}"), AllOf(HasSubstr("file.json"), HasSubstr("1.8e308")));
  EXPECT_EQ(parse_json("1e308", "x").get<double>(), 1e308);
  EXPECT_THROW(for_each_jsonl("{}\n{\"a\": -1e999}\n", "x.jsonl", [](size_t, Json&&) {}), Error);
}

}  // namespace
}  // namespace vigor
