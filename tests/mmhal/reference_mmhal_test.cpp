// The published script's figures on its own judge's replies, to the last digit.
#include <gtest/gtest.h>

#include "base/json.h"
#include "benchmarks/mmhal/record.h"
#include "benchmarks/mmhal/score.h"
#include "tests/testing/shared_data.h"

namespace vigor::mmhal {
namespace {

namespace fs = std::filesystem;

std::vector<Outcome> outcomes_of(const fs::path& reviews) {
  std::vector<Outcome> outcomes;
  for (const Review& review : read_reviews(reviews)) {
    EXPECT_TRUE(review.text) << review.record;
    Outcome outcome;
    outcome.record = review.record;
    outcome.reply = review.text.value_or("");
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

// Calls `check(file, its entry)` for every file of replies that expected.json has figures for.
template <typename Check>
void for_each_expected(const Check& check) {
  const fs::path folder = testing::shared("benchmarks/mmhal");
  const Json expected = read_json_file(folder / "expected.json");
  int files = 0;
  for (const auto& [name, figures] : expected.items()) {
    if (!figures.is_object() || !figures.contains("ratings")) continue;
    ++files;
    SCOPED_TRACE(name);
    check(folder / name, figures);
  }
  EXPECT_GT(files, 0);
}

TEST(ReferenceMmhal, OfficialFiguresToTheLastDigit) {
  VIGOR_REQUIRE_SHARED("benchmarks/mmhal");
  for_each_expected([](const fs::path& file, const Json& expected) {
    const std::vector<Outcome> outcomes = outcomes_of(file);
    ASSERT_EQ(outcomes.size(), expected["n"]);
    Json ratings = Json::array(), unparsed = Json::array();
    for (const Outcome& outcome : outcomes) {
      const Rating rating = read_rating(outcome.reply, Dialect::kOfficial);
      ratings.push_back(rating.score.value());
      if (!rating.reason.empty()) unparsed.push_back(outcome.record);
    }
    EXPECT_EQ(ratings, expected["ratings"]);
    EXPECT_EQ(unparsed, expected["unparsed_indices"]);
    const Json metrics = score_outcomes(outcomes, Dialect::kOfficial);
    EXPECT_EQ(metrics["average"], expected["average"]);
    EXPECT_EQ(metrics["hallucination_rate"], expected["hallucination_rate"]);
    EXPECT_EQ(metrics["types"], expected["per_type"]);
    EXPECT_EQ(metrics["histogram"], expected["histogram"]);
    EXPECT_EQ(metrics["unjudged"], 0);
  });
}

TEST(ReferenceMmhal, StrictCallsTheUnreadableUnjudgedAndReadsTheRestAlike) {
  VIGOR_REQUIRE_SHARED("benchmarks/mmhal");
  for_each_expected([](const fs::path& file, const Json& expected) {
    const std::vector<Outcome> outcomes = outcomes_of(file);
    const Json metrics = score_outcomes(outcomes, Dialect::kStrict);
    EXPECT_EQ(metrics["unjudged"], expected["unparsed_indices"].size());
    EXPECT_EQ(metrics["dialect_differences"]["differ"], expected["unparsed_indices"].size());
    for (const Outcome& outcome : outcomes) {
      const Rating rating = read_rating(outcome.reply, Dialect::kStrict);
      if (!rating.score) continue;
      EXPECT_EQ(*rating.score, expected["ratings"][outcome.record]);
    }
  });
}

TEST(ReferenceMmhal, EverySyntheticCase) {
  VIGOR_REQUIRE_SHARED("benchmarks/mmhal");
  const Json cases =
      read_json_file(testing::shared("benchmarks/mmhal/synthetic_rating_cases.json"))["cases"];
  ASSERT_FALSE(cases.empty());
  for (const Json& one : cases) {
    const std::string reply = one["reply"];
    SCOPED_TRACE(reply);
    const Rating rating = read_rating(reply, Dialect::kOfficial);
    EXPECT_EQ(rating.score.value(), one["rating"]);
    EXPECT_EQ(rating.reason.empty(), one["parsed"]);
    EXPECT_EQ(is_hallucination(*rating.score), one["hallucination"]);
  }
}

TEST(ReferenceMmhal, EveryFileOfResponsesIsRead) {
  VIGOR_REQUIRE_SHARED("benchmarks/mmhal");
  const fs::path folder = testing::shared("benchmarks/mmhal");
  const std::vector<Record> questions = read_records(folder / "response_template.json");
  EXPECT_THROW(require_answers(questions, "template"), Error);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder / "responses")) {
    SCOPED_TRACE(entry.path());
    ++files;
    const std::vector<Record> records = read_records(entry.path());
    ASSERT_EQ(records.size(), questions.size());
    require_answers(records, "responses");
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(records[i].question, questions[i].question);
      EXPECT_EQ(records[i].type, kTypes[i % kTypes.size()]);
    }
    EXPECT_EQ(parse_records(responses_json(records), "again").size(), records.size());
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace vigor::mmhal
