#include "judges/judge/usage_table.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

TEST(UsageTable, SaysWhatWasAskedAndWhatItCost) {
  EXPECT_EQ(usage_table({{"requests", 1000},
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

TEST(UsageTable, WithoutPricesTheCostIsNotKnown) {
  const std::string text = usage_table(
      {{"requests", 1}, {"prompt_tokens", 10}, {"completion_tokens", 2}, {"cost", 0.0}});
  EXPECT_NE(text.find("judge cost        not known: no prices are configured\n"), std::string::npos)
      << text;
}

TEST(UsageTable, SmallCostsKeepTheirDigits) {
  EXPECT_EQ(
      usage_table(
          {{"requests", 1}, {"cost", 0.00213}, {"cost_unknown_at_most", 0.5}, {"currency", "USD"}}),
      "judge requests    1 sent, 0 from the cache\n"
      "judge cost        0.0021 USD, and up to 0.5000 for replies that never arrived\n");
}

TEST(UsageTable, EarlierStartsAreToldApart) {
  EXPECT_EQ(
      usage_table(
          {{"requests", 1}, {"cost", 1.5}, {"cost_of_earlier_starts", 2.25}, {"currency", "USD"}}),
      "judge requests    1 sent, 0 from the cache\n"
      "judge cost        1.50 USD; 2.25 by earlier starts\n");
  EXPECT_EQ(added_usage({{"cost_of_earlier_starts", 1.0}}, {{"cost_of_earlier_starts", 2.5}}),
            Json({{"cost_of_earlier_starts", 2.5}}));
}

TEST(UsageTable, WhatIsNotSaidIsLeftOut) {
  EXPECT_EQ(usage_table({{"requests", 0}, {"cache_hits", 7}}),
            "judge requests    0 sent, 7 from the cache\n");
  EXPECT_EQ(usage_table({{"requests", 2}}, "model"),
            "model requests    2 sent, 0 from the cache\n");
  EXPECT_EQ(usage_table(Json::object()), "");
  EXPECT_EQ(usage_table(Json()), "");
}

TEST(AddedUsage, SessionsAddUp) {
  const Json first = {{"requests", 3},     {"cost", 0.5},         {"seconds", 1.5},
                      {"currency", "USD"}, {"peak_in_flight", 8}, {"errors", {{"timeout", 1}}}};
  const Json second = {{"requests", 4},      {"cost", 0.25},
                       {"seconds", 2.0},     {"currency", "USD"},
                       {"cache_hits", 2},    {"errors", {{"timeout", 2}, {"http 500", 1}}},
                       {"peak_in_flight", 5}};
  EXPECT_EQ(added_usage(first, second), Json({{"requests", 7},
                                              {"cost", 0.75},
                                              {"seconds", 3.5},
                                              {"currency", "USD"},
                                              {"cache_hits", 2},
                                              {"peak_in_flight", 8},
                                              {"errors", {{"timeout", 3}, {"http 500", 1}}}}));
  EXPECT_EQ(added_usage(Json(), second), second);
}

}  // namespace
}  // namespace vigor
