// The reward model's judgement of captions (ViGoR sections 3.1 and 3.3): every sentence is asked
// about behind the text before it, and scored from the probabilities of Yes and No at the answer's
// first token, or from the answer as text.
//
//   p(s)        = P(yes) / (P(yes) + P(no)) = 1 / (1 + exp(-margin))
//   probability:  positive(s) = p(s), negative(s) = -(1 - p(s))
//   text, hard:   positive(s) = 1, negative(s) = 0 for Yes; 0 and -1 for No
//
// Of a caption: the sums over its sentences; of the holistic variant the one answer for the whole.
//
// A model that was taught to is asked two things more (section 3.1), which are no part of these
// sums: of every sentence whether it is a thoughtful interpretation (`creative`, read as above), of
// every caption its level of detail (1 to 5, the number that the answer begins with).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "language/sentences.h"
#include "lvlm/lvlm.h"
#include "vigor/annotations.h"
#include "vigor/reward_data.h"

namespace vigor {

enum class RewardReading {
  kProbability,  // continuous, from the margin; needs a model that gives log-probabilities
  kHard,         // Yes when the margin is above 0
  kText,         // from the generated answer, as in the paper
};
std::string_view name_of(RewardReading reading);
// "probability", "hard", "text"; throws Error (usage) for another one.
RewardReading reward_reading_of(const std::string& name, const std::string& where);

struct ModelRewardOptions {
  RewardQuestions questions;  // those that the model was taught with
  RewardReading reading = RewardReading::kProbability;
  bool holistic = false;
  bool creative = false, detail = false;  // asked too
};

// What conversations that reward_data() made ask, by kind: "sentence", "caption", "creative",
// "detail". A question in other words than those of `questions` is of none. Throws Error naming
// file and row.
std::set<std::string> taught_kinds(std::string_view bytes, const std::string& where,
                                   const RewardQuestions& questions);

// A caption to be judged; captions of one image are asked together.
struct CaptionToJudge {
  std::string image;
  int64_t sample = 0;
  std::string caption;
  std::vector<language::Span> sentences;  // of the caption, split_finely()
};

// What is asked of one image. Two captions that begin with the same sentences share their
// questions.
struct JudgedImage {
  std::vector<std::string> questions;  // distinct
  // Question of each sentence of each caption (one a caption when holistic).
  std::vector<std::vector<size_t>> of_caption;
  // Parallel to it: of each sentence; none where it was not asked for.
  std::vector<std::vector<size_t>> creative;
  std::vector<std::optional<size_t>> detail;
};
JudgedImage judged_image(std::span<const CaptionToJudge> captions,
                         const ModelRewardOptions& options);

// "Yes.", "No: object, count." -> whether it is good, and the errors. nullopt: neither.
struct ReadVerdict {
  bool good = false;
  std::set<SentenceError> errors;
};
std::optional<ReadVerdict> read_verdict(const std::string& answer);

// "3", "3.", "4 of 5" -> the level; nullopt: the answer begins with no number from 1 to 5.
std::optional<int> level_of_detail(const std::string& answer);

// Answers beside the verdicts; empty and null where it was not asked.
struct SideAnswers {
  std::vector<const Answer*> creative;  // of each sentence
  const Answer* detail = nullptr;
};

// One row of rewards (docs/format-rewards.md) of a caption whose sentences were answered; `answers`
// parallel to of_caption. A caption without a score says why in its status, and is never a 0:
// "failed" (an answer did not come, or has no margin), "unparsed" (one read as text is neither yes
// nor no), "unjudged" (there is no sentence to ask about). A level of detail or creativity that
// cannot be read is null, with the reason beside it, and the score stays.
Json model_reward_row(const CaptionToJudge& caption, std::span<const Answer* const> answers,
                      const ModelRewardOptions& options, const SideAnswers& side = {});

}  // namespace vigor
