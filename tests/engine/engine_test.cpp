// The engine against transformers' greedy answers and log-probabilities, and against itself: a
// batched, prefix-sharing run gives the answers of one question at a time.
#include "engine/engine.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>

#include "tests/testing/golden.h"

namespace vigor {
namespace {

using testing::Golden;
using testing::id_vector;

class ReferenceEngine : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = std::filesystem::path("reference") / GetParam();
    VIGOR_REQUIRE_SHARED(folder);
    golden_ = std::make_unique<Golden>(testing::shared(folder));
    const LlavaCheckpoint checkpoint = open_llava(golden_->folder, at::kFloat, at::kCPU);
    model_ = std::make_unique<Llava>(checkpoint.config, checkpoint.source);
  }

  std::vector<EngineRequest> requests() const {
    std::vector<EngineRequest> requests;
    const at::Tensor pixels = golden_->tensor("pixel_values");
    for (const Json& prompt : golden_->json.at("prompts")) {
      std::vector<int64_t> ids = id_vector(prompt.at("ids"));
      for (int64_t& id : ids) {
        if (id == model_->config().image_token_index) id = kImageTokenId;
      }
      const std::string name = prompt.at("image").get<std::string>();
      requests.push_back({name, pixels[std::stoll(name.substr(name.rfind('/') + 1))], {ids}});
    }
    return requests;
  }

  std::unique_ptr<Golden> golden_;
  std::unique_ptr<Llava> model_;
};

// Many questions of different length on each image, some equal through different depths.
std::vector<EngineRequest> with_many_questions(std::vector<EngineRequest> requests) {
  CounterRandom random(3, "questions");
  for (EngineRequest& request : requests) {
    const std::vector<int64_t> first = request.prompts[0];
    for (int q = 0; q < 7; ++q) {
      std::vector<int64_t> ids = first;
      const size_t image =
          static_cast<size_t>(std::find(ids.begin(), ids.end(), kImageTokenId) - ids.begin());
      ids.resize(std::min(ids.size(), image + 2 + static_cast<size_t>(q % 3)));
      for (uint32_t i = 0; i <= random.below(6); ++i) ids.push_back(3 + random.below(500));
      request.prompts.push_back(ids);
    }
  }
  return requests;
}

TEST_P(ReferenceEngine, GreedyTokensInOneBatch) {
  Engine engine(*model_, {}, steady_clock());
  const auto wanted = requests();
  const Json& prompts = golden_->json.at("prompts");
  DecodingOptions options;
  options.max_new_tokens = static_cast<int64_t>(prompts[0].at("greedy_ids").size());
  const auto answers = engine.run(wanted, options);
  for (size_t p = 0; p < prompts.size(); ++p) {
    EXPECT_EQ(answers[p][0].ids, id_vector(prompts[p].at("greedy_ids"))) << "prompt " << p;
  }
}

TEST_P(ReferenceEngine, FirstTokenLogProbabilities) {
  const Json& prompts = golden_->json.at("prompts");
  if (!golden_->json.contains("first_token_candidates")) GTEST_SKIP() << "not in this case";
  DecodingOptions options;
  options.max_new_tokens = 1;
  std::vector<std::string> words;
  for (const auto& [word, ids] : golden_->json.at("first_token_candidates").items()) {
    words.push_back(word);
    options.probe_ids.push_back(ids[0].get<int64_t>());
  }
  Engine engine(*model_, {}, steady_clock());
  const auto answers = engine.run(requests(), options);
  for (size_t p = 0; p < prompts.size(); ++p) {
    for (size_t w = 0; w < words.size(); ++w) {
      EXPECT_NEAR(answers[p][0].probe_logprobs[w],
                  prompts[p].at("logprob_first").at(words[w]).get<double>(), 1e-4);
    }
  }
}

TEST_P(ReferenceEngine, ContinuationLogProbabilities) {
  const Json& prompts = golden_->json.at("prompts");
  if (!golden_->json.contains("answer_ids")) GTEST_SKIP() << "not in this case";
  Engine engine(*model_, {}, steady_clock());
  const std::vector<int64_t> answer = id_vector(golden_->json.at("answer_ids"));
  const auto scores = engine.score(
      requests(), std::vector<std::vector<std::vector<int64_t>>>(prompts.size(), {answer}));
  for (size_t p = 0; p < prompts.size(); ++p) {
    const auto expected = prompts[p].at("answer_token_logprobs").get<std::vector<double>>();
    ASSERT_EQ(scores[p][0].size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(scores[p][0][i], expected[i], 1e-4);
  }
}

TEST_P(ReferenceEngine, SharedPrefixGivesTheTokensOfOneQuestionAtATime) {
  const auto many = with_many_questions(requests());
  DecodingOptions options;
  options.max_new_tokens = 12;
  options.end_ids = {2};
  Engine shared(*model_, {}, steady_clock());
  const auto together = shared.run(many, options);
  for (size_t r = 0; r < many.size(); ++r) {
    for (size_t p = 0; p < many[r].prompts.size(); ++p) {
      const EngineRequest one = {many[r].key, many[r].pixels, {many[r].prompts[p]}};
      Engine alone(*model_, {}, steady_clock());
      EXPECT_EQ(together[r][p].ids, alone.run(std::span(&one, 1), options)[0][0].ids)
          << "image " << r << ", prompt " << p;
    }
  }
  EXPECT_LT(shared.measurements().computed_prompt_tokens, shared.measurements().prompt_tokens);
}

// What a reward model is asked: the beginnings of an image's captions, sentence by sentence, and
// the same few tokens behind each. Captions 0 and 1 begin with the same sentence.
std::vector<EngineRequest> with_contexts_of_sentences(std::vector<EngineRequest> requests) {
  CounterRandom random(5, "sentences");
  const auto sentence = [&random](std::vector<int64_t>& ids) {
    for (uint32_t i = 0; i < 5 + random.below(4); ++i) ids.push_back(3 + random.below(500));
  };
  for (EngineRequest& request : requests) {
    std::vector<int64_t> opening;
    sentence(opening);
    const std::vector<int64_t> first = std::move(request.prompts[0]);
    request.prompts.clear();
    for (int caption = 0; caption < 3; ++caption) {
      std::vector<int64_t> text = first;
      for (int s = 0; s < 4; ++s) {
        if (s == 0 && caption < 2) {
          text.insert(text.end(), opening.begin(), opening.end());
        } else {
          sentence(text);
        }
        std::vector<int64_t> asked = text;
        for (const int64_t id : {7, 8, 9}) asked.push_back(id);
        if (s > 0 || caption != 1) request.prompts.push_back(std::move(asked));
      }
    }
  }
  return requests;
}

// Distinct beginnings of the prompts, of which only the last token of each is no matter: what has
// to be computed at least.
int64_t distinct_tokens(const std::vector<EngineRequest>& requests, int64_t image_tokens) {
  int64_t count = 0;
  for (const EngineRequest& request : requests) {
    std::set<std::vector<int64_t>> beginnings;
    for (const auto& prompt : request.prompts) {
      for (size_t n = 1; n <= prompt.size(); ++n)
        beginnings.emplace(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(n));
    }
    count += static_cast<int64_t>(beginnings.size()) + image_tokens - 1;
  }
  return count;
}

TEST_P(ReferenceEngine, ContextsOfSentencesAreATreeWithTheAnswersOfOneAtATime) {
  const auto all = with_contexts_of_sentences(requests());
  DecodingOptions options;
  options.max_new_tokens = 8;
  options.end_ids = {2};
  options.probe_ids = {5, 6};
  Engine tree(*model_, {}, steady_clock()), flat(*model_, {.least_tree_saving = 2}, steady_clock());
  const auto together = tree.run(all, options), plain = flat.run(all, options);
  for (size_t r = 0; r < all.size(); ++r) {
    for (size_t p = 0; p < all[r].prompts.size(); ++p) {
      const EngineRequest one = {all[r].key, all[r].pixels, {all[r].prompts[p]}};
      Engine single(*model_, {}, steady_clock());
      const EngineAnswer alone = single.run(std::span(&one, 1), options)[0][0];
      EXPECT_EQ(together[r][p].ids, alone.ids) << "image " << r << ", prompt " << p;
      EXPECT_EQ(plain[r][p].ids, alone.ids);
      for (size_t i = 0; i < 2; ++i)
        EXPECT_NEAR(together[r][p].probe_logprobs[i], alone.probe_logprobs[i], 1e-4);
    }
  }
  // No token is computed twice.
  EXPECT_EQ(tree.measurements().computed_prompt_tokens,
            distinct_tokens(all, model_->config().image_tokens()));
  EXPECT_LT(tree.measurements().computed_prompt_tokens, flat.measurements().computed_prompt_tokens);
  EXPECT_EQ(tree.measurements().prompt_tokens, flat.measurements().prompt_tokens);
}

TEST_P(ReferenceEngine, TreesInWavesSamplesAndScores) {
  auto all = with_contexts_of_sentences(requests());
  // One image without a tree, and a prefix of another length.
  all[0].prompts.resize(1);
  DecodingOptions options;
  options.max_new_tokens = 5;
  options.samples = 2;
  options.seed = 3;
  options.sampling = {.temperature = 0.8};
  Engine whole(*model_, {}, steady_clock()),
      flat(*model_, {.least_tree_saving = 2}, steady_clock()),
      narrow(*model_, {.row_bytes = 100'000}, steady_clock());
  const auto together = whole.run(all, options), plain = flat.run(all, options),
             waves = narrow.run(all, options);
  std::vector<std::vector<std::vector<int64_t>>> continuations;
  for (size_t r = 0; r < all.size(); ++r) {
    for (size_t i = 0; i < together[r].size(); ++i) {
      EXPECT_EQ(together[r][i].ids, plain[r][i].ids) << "image " << r << ", answer " << i;
      EXPECT_EQ(together[r][i].ids, waves[r][i].ids) << "image " << r << ", answer " << i;
    }
    continuations.emplace_back(all[r].prompts.size(), std::vector<int64_t>{11, 12, 13});
  }
  const auto scores = whole.score(all, continuations),
             plain_scores = flat.score(all, continuations);
  for (size_t r = 0; r < all.size(); ++r) {
    for (size_t p = 0; p < all[r].prompts.size(); ++p) {
      for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(scores[r][p][i], plain_scores[r][p][i], 1e-4);
    }
  }
}

// However little memory the rows may take: waves of one row, and of a few over several images.
TEST_P(ReferenceEngine, WavesGiveTheTokensOfOneBatch) {
  const auto many = with_many_questions(requests());
  DecodingOptions options;
  options.max_new_tokens = 6;
  options.end_ids = {2};
  Engine whole(*model_, {}, steady_clock());
  const auto together = whole.run(many, options);
  for (const int64_t bytes : {int64_t{1}, int64_t{200'000}}) {
    Engine engine(*model_, {.row_bytes = bytes}, steady_clock());
    const auto waves = engine.run(many, options);
    for (size_t r = 0; r < many.size(); ++r) {
      for (size_t p = 0; p < many[r].prompts.size(); ++p)
        EXPECT_EQ(waves[r][p].ids, together[r][p].ids) << bytes << " bytes, image " << r;
    }
  }
}

TEST_P(ReferenceEngine, SamplesDependOnTheirKeyAlone) {
  const auto all = requests();
  DecodingOptions options;
  options.max_new_tokens = 8;
  options.samples = 3;
  options.seed = 11;
  options.sampling = {.temperature = 0.8, .top_k = 40, .top_p = 0.95};
  Engine engine(*model_, {}, steady_clock());
  const auto together = engine.run(all, options);
  for (size_t r = 0; r < all.size(); ++r) {
    const auto alone = engine.run(std::span(&all[r], 1), options);
    for (int s = 0; s < 3; ++s) EXPECT_EQ(together[r][s].ids, alone[0][s].ids);
    EXPECT_NE(together[r][0].ids, together[r][1].ids);
  }
}

TEST_P(ReferenceEngine, ANumberThatIsNotFiniteIsSaidAndNotAnswered) {
  const LlavaCheckpoint checkpoint = open_llava(golden_->folder, at::kFloat, at::kCPU);
  const Llava damaged(checkpoint.config, [&](const std::string& name, at::IntArrayRef shape) {
    const at::Tensor value = checkpoint.source(name, shape);
    return name.ends_with("model.norm.weight") ? at::full_like(value, std::nan("")) : value;
  });
  Engine engine(damaged, {}, steady_clock());
  for (const double temperature : {0.0, 0.7}) {
    DecodingOptions options;
    options.sampling.temperature = temperature;
    for (const auto& answers : engine.run(requests(), options)) {
      EXPECT_FALSE(answers[0].finite);
      EXPECT_TRUE(answers[0].ids.empty());
    }
  }
}

TEST_P(ReferenceEngine, StopsBetweenForwardsWhenAsked) {
  Engine engine(*model_, {}, steady_clock());
  DecodingOptions options;
  int asked = 0;
  options.cancelled = [&] { return ++asked == 3; };
  EXPECT_THROW(engine.run(requests(), options), EngineCancelled);
  EXPECT_EQ(asked, 3);
}

TEST_P(ReferenceEngine, RefusesWhatDoesNotFit) {
  auto all = requests();
  Engine engine(*model_, {}, steady_clock());
  all[0].prompts[0].insert(all[0].prompts[0].end(), 5000, 5);
  EXPECT_THROW(engine.run(all, {}), Error);
  all[0].prompts[0] = {1, kImageTokenId};
  EXPECT_THROW(engine.run(all, {}), Error);
}

INSTANTIATE_TEST_SUITE_P(Reference, ReferenceEngine,
                         ::testing::Values("llava-hf-tiny", "llava-v1-tiny"), [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace vigor
