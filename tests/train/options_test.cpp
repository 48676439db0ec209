#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "train/master_parameters.h"
#include "train/sampler.h"
#include "train/sft_options.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

std::string message(const char* json) {
  try {
    parse_sft_options(Json::parse(json), "sft.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(SftOptions, DefaultsAreLlavas) {
  const SftOptions options = parse_sft_options(Json::object(), "sft.json");
  EXPECT_EQ(options.loop.learning_rate, 2e-5);
  EXPECT_EQ(options.loop.warmup_ratio, 0.03);
  EXPECT_EQ(options.loop.schedule, "cosine");
  EXPECT_EQ(options.loop.weight_decay, 0);
  EXPECT_EQ(options.loop.batch_size, 32);
  EXPECT_EQ(options.lora.rank, 0);
}

TEST(SftOptions, MistakesAreNamed) {
  EXPECT_THAT(message(R"({"learnin_rate": 1})"), HasSubstr("learning_rate"));
  EXPECT_THAT(message(R"({"learning_rate": 0})"), HasSubstr("'learning_rate' is 0.0, but must be"));
  EXPECT_THAT(message(R"({"batch_size": 0})"),
              HasSubstr("'batch_size' is 0, but must be at least 1"));
  EXPECT_THAT(message(R"({"micro_batch": 64})"), HasSubstr("'micro_batch' is 64"));
  EXPECT_THAT(message(R"({"dtype": "fp8"})"), HasSubstr("must be fp32 or bf16"));
  EXPECT_THAT(message(R"({"lora": {"rnk": 1}})"), HasSubstr("rank"));
}

TEST(LearningRate, CosineWithWarmup) {
  LoopOptions options;
  options.learning_rate = 1.0;
  options.warmup_ratio = 0.25;
  EXPECT_EQ(learning_rate_at(options, 0, 8), 0.0);
  EXPECT_EQ(learning_rate_at(options, 1, 8), 0.5);
  EXPECT_EQ(learning_rate_at(options, 2, 8), 1.0);
  EXPECT_NEAR(learning_rate_at(options, 5, 8), 0.5, 1e-12);
  options.warmup_ratio = 0;
  EXPECT_EQ(learning_rate_at(options, 0, 8), 1.0);
}

TEST(Sampler, SeesEverySampleOnceAnEpochInAnotherOrder) {
  LoopOptions options;
  options.batch_size = 4;
  Sampler sampler(options, 10);
  std::vector<std::vector<uint64_t>> epochs(2);
  for (int64_t step = 0; step < 6; ++step) {
    const auto batch = sampler.batch(step);
    EXPECT_EQ(batch.size(), step % 3 == 2 ? 2u : 4u);
    auto& epoch = epochs[static_cast<size_t>(sampler.epoch(step))];
    epoch.insert(epoch.end(), batch.begin(), batch.end());
  }
  EXPECT_NE(epochs[0], epochs[1]);
  // Steps may be asked for in any order, as a resumed run does.
  const auto first = sampler.batch(0);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), epochs[0].begin()));
  for (auto& epoch : epochs) {
    std::sort(epoch.begin(), epoch.end());
    for (uint64_t i = 0; i < 10; ++i) EXPECT_EQ(epoch[i], i);
  }
  EXPECT_THROW(Sampler(options, 0), Error);
}

TEST(Patterns, StarMatchesAnything) {
  EXPECT_TRUE(matches_pattern("language_model.lm_head.weight", "language_model.*"));
  EXPECT_TRUE(matches_pattern("a.layers.1.q_proj.weight", "*.layers.*.q_proj.*"));
  EXPECT_TRUE(matches_pattern("aab", "*ab"));
  EXPECT_FALSE(matches_pattern("vision_tower.x", "language_model.*"));
  EXPECT_FALSE(matches_pattern("ab", "a"));
}

}  // namespace
}  // namespace vigor
