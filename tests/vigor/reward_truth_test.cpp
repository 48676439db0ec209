// Figures of rewards, worked out by hand.
#include "vigor/reward_truth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor {
namespace {

// A row with these "concept verdict" nouns.
Json row_of(const std::string& image, int sample,
            std::vector<std::pair<const char*, const char*>> nouns) {
  Json row = {
      {"key", image + "#" + std::to_string(sample)}, {"image", image}, {"status", "scored"}};
  Json counts = {{"found", 0}, {"missing", 0}, {"unasked", 0}, {"stuff", 0}, {"abstract", 0}};
  row["nouns"] = Json::array();
  for (const auto& [concept_name, verdict] : nouns) {
    row["nouns"].push_back({{"concept", concept_name}, {"class", "object"}, {"verdict", verdict}});
    counts[verdict] = counts[verdict].get<int>() + 1;
  }
  row["counts"] = counts;
  row["positive"] = counts["found"].get<double>();
  row["negative"] = -counts["missing"].get<double>();
  return row;
}

const std::vector<Json>& rows() {
  static const std::vector<Json> made = {
      row_of("a", 0, {{"dog", "found"}, {"cat", "missing"}, {"stop_sign", "missing"}}),
      row_of("a", 1, {{"dog", "missing"}, {"wall", "missing"}, {"cat", "found"}}),
      row_of("b", 0, {{"cat", "found"}, {"dog", "missing"}, {"stop_sign", "unasked"}}),
      {{"key", "b#1"}, {"image", "b"}, {"status", "failed"}, {"error", "no answer"}}};
  return made;
}

chair::Vocabulary kinds() {
  return chair::Vocabulary({{"dog"}, {"cat"}, {"stop sign"}});
}

Json automatic_figures(const std::vector<Json>& of, int64_t max_failures,
                       const chair::ImageObjectTable* objects = nullptr) {
  const chair::Vocabulary vocabulary = kinds();
  const auto figures = automatic_reward_figures({objects, &vocabulary});
  for (const Json& row : of) figures->add(row);
  return figures->figures(max_failures);
}
Json truth_figures(const std::vector<Json>& of, const chair::ImageObjectTable& objects) {
  return automatic_figures(of, 1, &objects)["truth"];
}

TEST(RewardTruth, PrecisionAndRecallOfHallucinated) {
  const auto objects =
      chair::ImageObjectTable::parse(R"({"a": ["dog", "stop sign"], "b": ["cat"]})", "objects");
  const Json truth = truth_figures(rows(), objects);
  // a: cat absent, missing (tp); stop sign there, missing (fp); dog there, missing (fp); cat
  // absent, found (fn); dog found (tn). b: cat found (tn); dog absent, missing (tp).
  EXPECT_EQ(truth["tp"], 2);
  EXPECT_EQ(truth["fp"], 2);
  EXPECT_EQ(truth["fn"], 1);
  EXPECT_EQ(truth["tn"], 2);
  EXPECT_EQ(truth["outside"], 1);
  EXPECT_EQ(truth["unasked"], 1);
  EXPECT_EQ(truth["precision"], 0.5);
  EXPECT_DOUBLE_EQ(truth["recall"].get<double>(), 2.0 / 3);
  EXPECT_TRUE(truth["ci95"]["precision"].is_array());
}

TEST(RewardTruth, AnImageWithoutTruthIsAnError) {
  const auto objects = chair::ImageObjectTable::parse(R"({"a": ["dog"]})", "objects");
  EXPECT_THROW(truth_figures(rows(), objects), Error);
}

TEST(RewardTruth, WithoutMentionsThereIsNoShare) {
  const Json truth = truth_figures({}, chair::ImageObjectTable::parse("{}", "objects"));
  EXPECT_TRUE(truth["precision"].is_null());
  EXPECT_TRUE(truth["reason"].contains("precision"));
}

TEST(RewardMetrics, AShareIsWithheldWhenTooManyFailed) {
  const Json figures = automatic_figures(rows(), 1);
  EXPECT_EQ(figures["captions"], 4);
  EXPECT_EQ(figures["counts"]["failed"], 1);
  EXPECT_EQ(figures["nouns"]["missing"], 5);
  EXPECT_EQ(figures["hallucinated_share"], 5.0 / 8);
  EXPECT_EQ(figures["positive"], 3.0);
  EXPECT_EQ(figures["negative"], -5.0);
  EXPECT_FALSE(figures.contains("truth"));
  const Json withheld = automatic_figures(rows(), 0);
  EXPECT_TRUE(withheld["hallucinated_share"].is_null());
  EXPECT_TRUE(withheld["withheld"].get<bool>());
}

}  // namespace
}  // namespace vigor
