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

TEST(Json, ANulByteIsAMistakeAndNotTheEnd) {
  using namespace std::string_literals;
  EXPECT_THAT(refusal("77\0}{\"rules\": [{\"met"s),
              AllOf(HasSubstr("file.json:1:3"), HasSubstr("NUL byte")));
  EXPECT_THAT(refusal("{\"a\": 1}\n\0\0\0"s), HasSubstr("file.json:2:1"));
}

TEST(Json, AKeyThatStandsTwiceIsNamedWithItsPlace) {
  EXPECT_THAT(refusal("{\n \"a\": {\"b\": 1},\n \"b\": [{\"c\": 1}, {\"c\": 2}],\n \"a\": 3}"),
              AllOf(HasSubstr("file.json:4:2: key 'a' stands twice in one object")));
  EXPECT_THAT(refusal("[{\"x\": \"a\", \"y\": {\"k,\\\"{\": 1, \"k,\\\"{\": 2}}]"),
              HasSubstr("file.json:1:31: key 'k,\"{' stands twice"));
  // The same name in another spelling.
  EXPECT_THAT(refusal(R"({"id": 1, "\u0069d": 2})"), HasSubstr("key 'id' stands twice"));
  EXPECT_EQ(parse_json(R"({"a": {"a": ["a", "a"]}, "b": "a", "c": ["{", {"b": 1}]})", "x").size(),
            3u);
  try {
    for_each_jsonl("{\"a\": 1}\n\n{\"a\": 1, \"a\": 2}\n", "x.jsonl", [](size_t, Json&&) {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().where, "x.jsonl:3:10");
  }
}

TEST(Json, Utf16IsSaidWithTheWayOutOfIt) {
  using namespace std::string_literals;
  for (const std::string& text : {"\xFF\xFE{\0}\0"s, "\xFE\xFF\0{\0}"s, "{\0}\0"s, "\0{\0}"s}) {
    EXPECT_THAT(refusal(text),
                AllOf(HasSubstr("file.json: the file is UTF-16"), HasSubstr("iconv -f UTF-16")));
    EXPECT_THROW(parse_json_rows(text, "x"), Error);
    EXPECT_THROW(for_each_jsonl(text, "x", [](size_t, Json&&) {}), Error);
  }
  EXPECT_THAT(refusal("\xFF\xFE\0\0{\0\0\0"s), HasSubstr("the file is UTF-32"));
  EXPECT_EQ(refusal("\xEF\xBB\xBF{}"), "no error");
}

}  // namespace
}  // namespace vigor
