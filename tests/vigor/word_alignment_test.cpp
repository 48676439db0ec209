#include "vigor/word_alignment.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/json.h"
#include "model/llava.h"
#include "tests/testing/shared_data.h"

namespace vigor {
namespace {

constexpr char kEmbedding[] = "language_model.model.embed_tokens.weight";
constexpr char kHead[] = "language_model.lm_head.weight";
constexpr double kRandomSpread = 0.02, kSpread = 0.5;

class WordAlignmentTest : public ::testing::Test {
 protected:
  static LlavaConfig small_config() {
    const auto file = testing::source_dir() / "configs/models/demo.json";
    LlavaConfig config = parse_llava_config(read_json_file(file), file.string());
    config.vision.num_hidden_layers = config.text.num_hidden_layers = 1;
    return config;
  }
  at::Tensor words(const ParameterSource& source, const char* name) const {
    const int64_t shape[] = {config_.text.vocab_size, config_.text.hidden_size};
    return source(name, shape);
  }
  at::Tensor square(const ParameterSource& source, const std::string& name) const {
    const int64_t shape[] = {config_.text.hidden_size, config_.text.hidden_size};
    return source("language_model.model.layers.0.self_attn." + name + ".weight", shape);
  }
  WordAlignment aligned() const { return align_words(config_, random_, pictures_, tokenizer_); }

  LlavaConfig config_ = small_config();
  ParameterSource random_ = random_parameters(1, at::kFloat, at::kCPU);
  ScenePictures pictures_{{.seed = 5, .count = 24, .mirror = false}, config_.vision, nullptr};
  Tokenizer tokenizer_ = Tokenizer::load(testing::source_dir() / "data/demo");
};

TEST_F(WordAlignmentTest, ProjectedPatchesGetTheSpreadOfTheWords) {
  const Llava model(config_, aligned().source);
  std::vector<uint64_t> all(pictures_.size());
  std::iota(all.begin(), all.end(), 0);
  const at::Tensor patches = model.encode_images(pictures_.batch(all).pixels);
  EXPECT_LT(patches.mean(at::IntArrayRef{0, 1}).abs().max().item<double>(), 1e-3);
  EXPECT_NEAR(patches.square().mean().sqrt().item<double>(), kSpread, 1e-3);
}

TEST_F(WordAlignmentTest, OnlyTheWordsOfKindsAndColoursMoveAndTowardsTheirPatches) {
  const WordAlignment start = aligned();
  EXPECT_GT(start.words, 20);
  const at::Tensor moved =
      words(start.source, kEmbedding) * (kRandomSpread / kSpread) - words(random_, kEmbedding);
  const double length =
      2 * kRandomSpread * std::sqrt(static_cast<double>(config_.text.hidden_size));
  const at::Tensor lengths = moved.norm(2, 1);
  const at::Tensor far = lengths.gt(length / 2);
  EXPECT_EQ(far.sum().item<int64_t>(), start.words);
  EXPECT_LT((lengths.masked_select(far) - length).abs().max().item<double>(), 1e-4);
  EXPECT_LT(lengths.masked_select(far.logical_not()).max().item<double>(), 1e-6);
  // The head has its own rows here, and the same words move by the same amount.
  EXPECT_LT((words(start.source, kHead) - words(random_, kHead) - moved).abs().max().item<double>(),
            1e-6);

  // "red" lies where red patches lie: nearer to them than to those of any other colour.
  const Llava model(config_, start.source);
  std::vector<uint64_t> all(pictures_.size());
  std::iota(all.begin(), all.end(), 0);
  const auto batch = pictures_.batch(all);
  const at::Tensor patches = model.encode_images(batch.pixels).flatten(0, 1);
  const at::Tensor colour = batch.patch_colour.flatten();
  const at::Tensor red = moved[tokenizer_.encode("a red", false).back()];
  std::vector<double> likeness;
  int64_t red_index = -1;
  const auto& colours = scene_colours();
  for (size_t c = 0; c < colours.size(); ++c) {
    const at::Tensor shows = colour.eq(static_cast<int64_t>(c)).nonzero().flatten();
    if (colours[c] == "red") red_index = static_cast<int64_t>(c);
    ASSERT_GT(shows.numel(), 0) << colours[c];
    const at::Tensor mean = patches.index_select(0, shows).mean(0);
    likeness.push_back((mean.dot(red) / mean.norm() / red.norm()).item<double>());
  }
  ASSERT_GE(red_index, 0);
  for (size_t c = 0; c < colours.size(); ++c) {
    if (static_cast<int64_t>(c) == red_index) {
      EXPECT_NEAR(likeness[c], 1, 1e-3);
    } else {
      EXPECT_LT(likeness[c], likeness[static_cast<size_t>(red_index)]) << colours[c];
    }
  }
}

TEST_F(WordAlignmentTest, HalfOfTheAttentionStartsAsLookingForItself) {
  const ParameterSource source = aligned().source;
  const int64_t half = config_.text.num_attention_heads / 2 * config_.text.head_dim;
  const int64_t rest = config_.text.hidden_size - half;
  const auto of = [&](const ParameterSource& from, const std::string& name, int64_t first,
                      int64_t size) {
    const at::Tensor weight = square(from, name);
    return weight.narrow(name == "o_proj" ? 1 : 0, first, size);
  };
  EXPECT_TRUE(at::equal(of(source, "q_proj", 0, half), of(source, "k_proj", 0, half)));
  EXPECT_TRUE(at::allclose(of(source, "o_proj", 0, half), of(source, "v_proj", 0, half).t()));
  // A token of length sqrt(hidden) scores about 6 with itself in each head: sum of q^2 over the
  // head's rows, by the square root of the head's size.
  const double heads = static_cast<double>(config_.text.num_attention_heads / 2);
  const double score = of(source, "q_proj", 0, half).square().sum().item<double>() / heads /
                       std::sqrt(static_cast<double>(config_.text.head_dim));
  EXPECT_NEAR(score, 6, 0.4);
  // The other half is free to look elsewhere.
  for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
    EXPECT_TRUE(at::equal(of(source, name, half, rest), of(random_, name, half, rest))) << name;
  }
}

TEST_F(WordAlignmentTest, ATowerThatSeesNoDifferencePlacesNoWord) {
  random_ = [inner = random_](const std::string& name, at::IntArrayRef shape) {
    const at::Tensor value = inner(name, shape);
    return name.starts_with("multi_modal_projector.linear_2") ? at::zeros_like(value) : value;
  };
  const WordAlignment start = aligned();
  EXPECT_EQ(start.words, 0);
  EXPECT_TRUE(words(start.source, kEmbedding).isfinite().all().item<bool>());
}

TEST_F(WordAlignmentTest, SharedKeysKeepTheirRandomAttention) {
  config_.text.num_key_value_heads = 2;
  const ParameterSource source = aligned().source;
  EXPECT_TRUE(at::equal(square(source, "q_proj"), square(random_, "q_proj")));
}

}  // namespace
}  // namespace vigor
