// The stage that gives every caption of a file the reward model's judgement: captions, pictures and
// a model in, rows of a run folder out (docs/format-rewards.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

#include "base/progress.h"
#include "language/sentences.h"
#include "lvlm/lvlm.h"
#include "run/run_folder.h"
#include "vigor/model_reward.h"
#include "vigor/picture_captions.h"

namespace vigor {

struct ModelScoringOptions {
  // Where the pictures lie. Empty: with a model that opens none (recorded answers).
  std::filesystem::path images = {};
  ModelRewardOptions reward;
  // Tokens of an answer at most, 1 or more. 0: one where the margin is read, which the first token
  // has, kTextAnswerTokens where the text is, and kDetailTokens for levels of detail.
  int max_new_tokens = 0;
};

// A verdict and all kinds of error.
inline constexpr int kTextAnswerTokens = 32;
// A number, of which LLaMA's tokenizers make two.
inline constexpr int kDetailTokens = 3;
int answer_tokens(const ModelScoringOptions& options);

// Scores what the folder does not hold yet. All that is asked of a picture's captions is one
// request, so that the picture is encoded once and captions that begin alike share their questions.
// Of a picture that the folder holds in part, only the rest is asked, unless the model's answers
// depend on their company (Lvlm::images_together): then the batches are those of an undisturbed
// run. What goes wrong with a picture fails its captions. Throws Error when a picture's name leads
// out of the folder, and what ends the run.
ScoringResult score_with_model(const std::vector<PictureCaptions>& pictures,
                               const language::SentenceSplitter& splitter, Lvlm& model,
                               RunFolder& folder, const ModelScoringOptions& options,
                               Progress& progress, std::stop_token stop);

}  // namespace vigor
