// Figures of a file of rewards, and how right its verdicts are where the truth is known.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/chair/score.h"

namespace vigor {

// {"captions", "pictures", "counts": {"scored", "failed", ...}, "nouns": {"found", ...},
// "positive", "negative", "hallucinated_share", "ci95"}: of rows as docs/format-rewards.md has
// them. The share is missing / (found + missing), its interval clustered by image; null with a
// "reason" when there is none, or when more than `max_failures` captions failed.
Json reward_metrics(const std::vector<Json>& rows, int64_t max_failures);

// The same of a reward model's rows: "judged" (sentences; captions when holistic), "wrong" (those
// with more against them than for them), "no_verdicts" (whose answer, whatever its margin, begins
// with neither yes nor no), "errors" (kinds named, by name), "wrong_share".
Json model_reward_metrics(const std::vector<Json>& rows, int64_t max_failures);

// Of the verdict "missing" as a claim that a noun is hallucinated: {"precision", "recall",
// "accuracy", "tp", "fp", "fn", "tn", "unasked", "outside", "ci95": {...}}. A mention counts when
// `vocabulary` knows its concept; `outside` counts those that it does not know, `unasked` those
// that it knows and the detector could not be asked about. Intervals are clustered by image. Throws
// Error for an image that has no entry in `objects`.
Json reward_truth(const std::vector<Json>& rows, const chair::ImageObjectTable& objects,
                  const chair::Vocabulary& vocabulary);

}  // namespace vigor
