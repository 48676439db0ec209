#include "judges/judge/usage_table.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

TEST(JudgeUsageTable, SaysWhatWasAskedAndWhatItCost) {
  EXPECT_EQ(judge_usage_table({{"requests", 1000},
                               {"retries", 3},
                               {"cache_hits", 20},
                               {"prompt_tokens", 1234567},
                               {"completion_tokens", 89012},
                               {"cost", 3.976},
                               {"currency", "USD"},
                               {"seconds", 12.0},
                               {"errors", {{"http_500", 3}, {"timeout", 1}}}}),
            "judge requests    1,000 sent, 20 from the cache, 3 tried again, in 12 s\n"
            "judge tokens      1,234,567 in, 89,012 out\n"
            "judge cost        3.98 USD\n"
            "judge errors      http_500 3, timeout 1\n");
}

TEST(JudgeUsageTable, SmallCostsKeepTheirDigits) {
  EXPECT_EQ(
      judge_usage_table(
          {{"requests", 1}, {"cost", 0.00213}, {"cost_unknown_at_most", 0.5}, {"currency", "USD"}}),
      "judge requests    1 sent, 0 from the cache\n"
      "judge cost        0.0021 USD, and up to 0.5000 for replies that never arrived\n");
}

TEST(JudgeUsageTable, WhatIsNotSaidIsLeftOut) {
  EXPECT_EQ(judge_usage_table({{"requests", 0}, {"cache_hits", 7}}),
            "judge requests    0 sent, 7 from the cache\n");
  EXPECT_EQ(judge_usage_table(Json::object()), "");
  EXPECT_EQ(judge_usage_table(Json()), "");
}

}  // namespace
}  // namespace vigor
