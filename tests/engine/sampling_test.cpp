#include "engine/sampling.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/testing/golden.h"

namespace vigor {
namespace {

// shared/reference/sampling: 1e-6; rows with a tie across the top-p cut compare sorted, rows whose
// cut lies within rounding of the limit are skipped.
TEST(ReferenceSampling, FilteredProbabilities) {
  VIGOR_REQUIRE_SHARED("reference/sampling");
  const testing::Golden golden(testing::shared("reference/sampling"));
  const at::Tensor logits = golden.tensor("logits");
  int compared = 0;
  for (const Json& setting : golden.json.at("configs")) {
    SamplingOptions options;
    options.temperature = setting.at("temperature").get<double>();
    options.top_k = setting.at("top_k").get<int64_t>();
    options.top_p = setting.at("top_p").get<double>();
    const std::string name = "probs." + setting.at("name").get<std::string>();
    const at::Tensor expected = golden.tensor(name);
    const at::Tensor actual = filtered_probabilities(logits, options);
    const auto ties = setting.value("rows_with_tie_across_top_p_cut", std::vector<int64_t>{});
    const auto close = setting.value("rows_with_cut_near_limit", std::vector<int64_t>{});
    for (int64_t row = 0; row < logits.size(0); ++row) {
      if (std::find(close.begin(), close.end(), row) != close.end()) continue;
      at::Tensor a = actual[row];
      at::Tensor e = expected[row];
      if (std::find(ties.begin(), ties.end(), row) != ties.end()) {
        a = std::get<0>(a.sort());
        e = std::get<0>(e.sort());
      }
      EXPECT_TRUE(testing::near(a, e, 1e-6, name + ".row" + std::to_string(row)));
      ++compared;
    }
  }
  EXPECT_GT(compared, 0);
}

TEST(Sampling, DrawsFollowTheProbabilities) {
  const at::Tensor p = at::tensor({0.1f, 0.0f, 0.6f, 0.3f});
  int counts[4] = {0, 0, 0, 0};
  for (uint64_t sample = 0; sample < 4000; ++sample) {
    CounterRandom random(7, "image", sample);
    ++counts[draw(p, random)];
  }
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[0], 400, 80);
  EXPECT_NEAR(counts[2], 2400, 130);
  EXPECT_NEAR(counts[3], 1200, 120);
}

}  // namespace
}  // namespace vigor
