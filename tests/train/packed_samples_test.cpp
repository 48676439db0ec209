// What samples begin with alike is computed once, and changes nothing.
#include "train/packed_samples.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/train/tiny_samples.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using testing::tiny_config;
using testing::TinySamples;

TEST(PackedSamples, AreATree) {
  // Image of two tokens; "1 I I 7 8" with answers 9 and 10, and "1 I I 7" alone; then a sample of
  // another group.
  const auto sample = [](int64_t group, std::vector<int64_t> ids, std::vector<int64_t> labels) {
    ExpandedSample s;
    s.index = static_cast<uint64_t>(group) * 10;
    s.group = group;
    s.image_begin = 1;
    s.image_length = 2;
    s.ids = std::move(ids);
    s.labels = std::move(labels);
    return s;
  };
  const int64_t no = kNoLoss;
  const std::vector<ExpandedSample> samples = {
      sample(0, {1, 0, 0, 7, 8, 9}, {no, no, no, no, no, 9}),
      sample(0, {1, 0, 0, 7, 8, 10}, {no, no, no, no, 8, 10}),
      sample(0, {1, 0, 0, 7}, {no, no, no, 7}), sample(1, {1, 0, 0, 7}, {no, no, no, 7})};
  const PackedSamples packed = pack_samples(samples, 2);
  EXPECT_THAT(packed.ids, ElementsAre(1, 0, 0, 7, 8, 9, 10, 1, 0, 0, 7));
  EXPECT_THAT(packed.positions, ElementsAre(0, 1, 2, 3, 4, 5, 5, 0, 1, 2, 3));
  EXPECT_THAT(packed.parents, ElementsAre(-1, 0, 1, 2, 3, 4, 4, -1, 7, 8, 9));
  EXPECT_THAT(packed.lengths, ElementsAre(7, 4));
  EXPECT_THAT(packed.image_places, ElementsAre(1, 2, 8, 9));
  EXPECT_THAT(packed.image_rows, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(packed.pictures, ElementsAre(0, 10));
  EXPECT_THAT(packed.target_rows, ElementsAre(4, 3, 4, 2, 9));
  EXPECT_THAT(packed.targets, ElementsAre(9, 8, 10, 7, 7));
  EXPECT_TRUE(packed.shared);
  EXPECT_TRUE(packed.branches);
}

// Four samples a picture: one, the same again, and two that go on from its middle.
class AlikeSamples : public TinySamples {
 public:
  explicit AlikeSamples(uint64_t pictures) : TinySamples(pictures * 4) {}
  TrainingSample sample(uint64_t index) const override {
    TrainingSample sample = TinySamples::sample(index / 4);
    sample.id += "/" + std::to_string(index % 4);
    for (uint64_t i = 0; i < index % 4 && index % 4 >= 2; ++i) {
      sample.ids.push_back(static_cast<int64_t>(3 + index % 7 + i));
      sample.labels.push_back(sample.ids.back());
    }
    return sample;
  }
  at::Tensor image(uint64_t index) const override { return TinySamples::image(index / 4); }
  int64_t picture(uint64_t index) const override { return static_cast<int64_t>(index / 4); }
};

struct Step {
  BatchResult result;
  at::Tensor gradients;
};

Step step(SftOptions options, bool grouped) {
  constexpr int64_t kPictures = 3;
  const AlikeSamples samples(kPictures);
  options.group_by_image = grouped;
  options.loop.batch_size = grouped ? kPictures : 4 * kPictures;
  SftTask task(samples, tiny_config(), random_parameters(1, at::kFloat, at::kCPU), options);
  EXPECT_EQ(task.size(), static_cast<uint64_t>(options.loop.batch_size));
  std::vector<uint64_t> all(task.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  Step out{task.run_batch(all, 0), {}};
  out.gradients = task.parameters().gradients().clone();
  return out;
}

double difference(const Step& a, const Step& b) {
  EXPECT_EQ(a.result.tokens, b.result.tokens);
  EXPECT_EQ(a.result.targets, b.result.targets);
  return (a.gradients - b.gradients).abs().max().item<double>() /
         b.gradients.abs().max().item<double>();
}

TEST(PackedSamples, GroupsHaveLossAndGradientsOfTheirSamples) {
  const SftOptions options;
  const Step alone = step(options, false), grouped = step(options, true);
  EXPECT_NEAR(grouped.result.loss, alone.result.loss, 1e-6);
  EXPECT_LT(difference(grouped, alone), 1e-5);
  EXPECT_GT(alone.gradients.abs().max().item<double>(), 0);
}

TEST(PackedSamples, ATrainedTowerToo) {
  SftOptions options;
  options.trainable = {"vision_tower.*"};
  EXPECT_LT(difference(step(options, true), step(options, false)), 1e-5);
}

TEST(PackedSamples, InBf16AsFarAsItsPrecisionGoes) {
  SftOptions options;
  options.dtype = "bf16";
  EXPECT_LT(difference(step(options, true), step(options, false)), 0.05);
}

TEST(PackedSamples, CutInsideOfWhatTheyShareAndBehindIt) {
  for (const int64_t length : {8, 9, 11}) {
    SftOptions options;
    options.max_length = length;
    EXPECT_LT(difference(step(options, true), step(options, false)), 1e-5) << length;
  }
}

TEST(PackedSamples, MicroBatchesOfWholeGroups) {
  SftOptions options;
  options.micro_batch = 2;
  EXPECT_LT(difference(step(options, true), step({}, true)), 1e-5);
  options.gradient_checkpointing = true;
  const Step kept = step(options, true);
  options.gradient_checkpointing = false;
  EXPECT_TRUE(at::equal(kept.gradients, step(options, true).gradients));
}

TEST(PackedSamples, APictureWithManySamplesHasSeveralGroups) {
  class OnePicture : public TinySamples {
   public:
    using TinySamples::TinySamples;
    int64_t picture(uint64_t index) const override { return index == 0 ? -1 : 7; }
  };
  SftOptions options;
  options.group_by_image = true;
  const OnePicture samples(1 + 2 * kLargestGroup + 1);
  const SftTask task(samples, tiny_config(), random_parameters(1, at::kFloat, at::kCPU), options);
  EXPECT_EQ(task.size(), 4u);
}

TEST(PackedSamples, ARunGoesOnOnlyWithTheSameGrouping) {
  SftOptions options;
  const Json before = sft_settings(options);
  options.group_by_image = true;
  EXPECT_NE(sft_settings(options), before);
  EXPECT_TRUE(parse_sft_options({{"group_by_image", true}}, "here").group_by_image);
}

}  // namespace
}  // namespace vigor
