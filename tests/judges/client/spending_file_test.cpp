#include "judges/client/spending_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

ChatPrices spending_prices() {
  return {.input_per_million = 2.5, .output_per_million = 10};
}

// Of 0.005.
Money half_a_cent(const Budget& budget) {
  return budget.worst({.prompt_most = 2000});
}

std::string refusal(const std::string& text) {
  try {
    parse_spending(text, "spending.json", "USD");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(SpendingFile, ABudgetGoesOnFromIt) {
  const TemporaryFolder folder;
  const fs::path file = folder / "spending.json";
  {
    Budget budget(spending_prices(), 0.02, file);
    const Money most = half_a_cent(budget);
    ASSERT_TRUE(budget.reserve(most));
    budget.settle(most, most);
    ASSERT_TRUE(budget.reserve(most));
    budget.settle_unknown(most);
  }
  const Json kept = read_json_file(file);
  EXPECT_EQ(kept["spent"], 0.005);
  EXPECT_EQ(kept["unknown"], 0.005);
  EXPECT_EQ(kept["reserved"], 0);
  EXPECT_EQ(kept["currency"], "USD");
  Budget budget(spending_prices(), 0.02, file);
  EXPECT_DOUBLE_EQ(budget.before(), 0.01);
  EXPECT_EQ(budget.spent(), 0);
  const Money most = half_a_cent(budget);
  EXPECT_TRUE(budget.reserve(most));
  EXPECT_TRUE(budget.reserve(most));
  EXPECT_FALSE(budget.reserve(most));
}

TEST(SpendingFile, HoldsARequestBeforeItIsSent) {
  const TemporaryFolder folder;
  const fs::path file = folder / "spending.json";
  {
    Budget budget(spending_prices(), std::nullopt, file);
    ASSERT_TRUE(budget.reserve(half_a_cent(budget)));
    EXPECT_EQ(read_json_file(file)["reserved"], 0.005);
    // Killed here.
  }
  const Budget budget(spending_prices(), std::nullopt, file);
  EXPECT_EQ(read_json_file(file)["reserved"], 0);
  EXPECT_EQ(read_json_file(file)["unknown"], 0.005);
  EXPECT_DOUBLE_EQ(budget.before(), 0.005);
}

TEST(SpendingFile, IsAlwaysAsLongAndExact) {
  const TemporaryFolder folder;
  const fs::path file = folder / "spending.json";
  Budget budget({.input_per_million = 0.1}, 0.1, file);
  const auto size = fs::file_size(file);
  const Money one = budget.worst({.prompt_most = 1});  // a ten-millionth: no binary fraction
  for (int i = 0; i < 12345; ++i) {
    ASSERT_TRUE(budget.reserve(one));
    budget.settle(one, one);
  }
  EXPECT_EQ(fs::file_size(file), size);
  EXPECT_EQ(parse_spending(read_file(file), "", "USD").spent, 12345 * one);
}

TEST(SpendingFile, WithoutPricesThereIsNone) {
  const TemporaryFolder folder;
  Budget budget({}, std::nullopt, folder / "spending.json");
  EXPECT_TRUE(budget.reserve(0));
  EXPECT_FALSE(fs::exists(folder / "spending.json"));
}

TEST(SpendingFile, AnEmptyOneIsOfAStartThatSpentNothing) {
  const TemporaryFolder folder;
  const Budget budget(spending_prices(), 1, folder.write("spending.json", ""));
  EXPECT_EQ(budget.before(), 0);
}

TEST(SpendingFile, WhatIsNoneIsNamed) {
  EXPECT_THAT(refusal("{"), HasSubstr("spending.json:1:"));
  EXPECT_THAT(refusal(R"({"currency":"USD","spent":1,"unknown":0})"), HasSubstr("'reserved'"));
  EXPECT_THAT(refusal(R"({"currency":"USD","spent":-1,"unknown":0,"reserved":0})"),
              HasSubstr("'spent' is no amount of money"));
  EXPECT_THAT(refusal(R"({"currency":"USD","spent":1e300,"unknown":0,"reserved":0})"),
              HasSubstr("'spent' is no amount of money"));
  EXPECT_THAT(refusal(R"({"currency":"EUR","spent":1,"unknown":0,"reserved":0})"),
              HasSubstr("what was spent is in EUR, the judge's prices in USD"));
}

TEST(FaultSpendingFile, WhatCannotBeRecordedIsNotSpent) {
  const TemporaryFolder folder;
  EXPECT_THROW(SpendingFile(folder / "missing/spending.json", "USD"), Error);
  EXPECT_THROW(SpendingFile("/dev/full", "USD"), Error);
}

}  // namespace
}  // namespace vigor
