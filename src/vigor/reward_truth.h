// Figures of a file of rewards, and how right its verdicts are where the truth is known.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "benchmarks/chair/score.h"

namespace vigor {

// Figures over the rows of a file of rewards, which are seen one at a time and not kept.
class RewardFigures {
 public:
  virtual ~RewardFigures() = default;
  // A row as docs/format-rewards.md has it.
  virtual void add(const Json& row) = 0;
  // Shares are null where more than `max_failures` captions failed.
  virtual Json figures(int64_t max_failures) const = 0;
};

// Where the truth is known: what is in each picture, and the words for it. Both must outlive the
// figures.
struct RewardTruth {
  const chair::ImageObjectTable* objects = nullptr;
  const chair::Vocabulary* vocabulary = nullptr;
};

// {"captions", "pictures", "counts": {"scored", "failed", ...}, "nouns": {"found", ...},
// "positive", "negative", "hallucinated_share", "ci95"} of the automatic reward. The share is
// missing / (found + missing), its interval clustered by image; null with a "reason" when there is
// none, or when too many captions failed.
//
// With a truth also "truth": of the verdict "missing" as a claim that a noun is hallucinated,
// {"precision", "recall", "accuracy", "tp", "fp", "fn", "tn", "unasked", "outside", "ci95": {...}}.
// A mention counts when the vocabulary knows its concept; `outside` counts those that it does not
// know, `unasked` those that it knows and the detector could not be asked about. Intervals are
// clustered by image. add() throws Error for an image that has no entry in the objects.
std::unique_ptr<RewardFigures> automatic_reward_figures(const RewardTruth& truth = {});

// The same of a reward model's rows: "judged" (sentences; captions when holistic), "wrong" (those
// with more against them than for them), "no_verdicts" (whose answer, whatever its margin, begins
// with neither yes nor no), "errors" (kinds named, by name), "wrong_share".
std::unique_ptr<RewardFigures> model_reward_figures();

}  // namespace vigor
