#include "run/settings.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

TEST(Settings, NamesEveryLeafThatDiffers) {
  const Json before = Json::parse(R"({"a":1,"b":{"c":[1,2],"d":"x"},"gone":true})");
  const Json after = Json::parse(R"({"a":1,"b":{"c":[1,3,4],"d":"x"},"new":null})");
  EXPECT_EQ(describe(setting_differences(before, after)),
            "b.c.1: was 2, now 3; b.c.2: was (not set), now 4; gone: was true, now (not set); "
            "new: was (not set), now null");
  EXPECT_TRUE(setting_differences(before, before).empty());
}

TEST(Settings, SaysHowManyMoreThereAre) {
  Json before, after;
  for (int i = 0; i < 12; ++i) before[std::string(1, static_cast<char>('a' + i))] = i;
  after = Json::object();
  EXPECT_NE(describe(setting_differences(before, after)).find("; and 4 more"), std::string::npos);
}

TEST(Settings, TextFromOutsideCannotDriveTheTerminal) {
  const std::string text = describe(setting_differences({{"a", "\x1b[2J"}}, {{"a", "b"}}));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace vigor
