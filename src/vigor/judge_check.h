// How right a stream of rewards is about sentences that people judged: the verdicts' precision and
// recall, kinds of error, and whether a reward model's probabilities mean what they say.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "vigor/annotations.h"
#include "vigor/reward_file.h"

namespace vigor {

struct JudgeCheckOptions {
  // Images to look at, those that training did not see; empty: all.
  std::set<std::string> images;
  int bins = 10;  // of the reliability curve, 1 to 100
  // A holistic verdict is taken as that on every sentence of its caption, so that it is compared
  // with a reward that judges sentences.
  bool by_sentence = false;
};

// The images of conversations in LLaVA's format, such as reward-data's OUT.held-out.json. Throws
// Error naming file and row; also when there is none.
std::set<std::string> conversation_images(std::string_view bytes, const std::string& where);

// {"unit": "sentence" (of a holistic stream "caption", unless by_sentence), "images", "left_out":
// {REASON: {"count", "example"}}, "all": FIGURES, "annotators": {NAME: FIGURES}}. FIGURES:
// {"judged", "images", "tp", "fp", "fn", "tn" (positive: called wrong), "accuracy", "share_wrong",
// "classes": {"wrong", "correct": {"precision", "recall"}}, "kinds": {NAME: {"sentences",
// "called_wrong", "named", "precision", "recall"}}, "ci95"}, and where all verdicts have margins
// "margins", "auroc", "calibration", "brier". Intervals are clustered by image; what cannot be
// computed is null with a "reason".
//
// A sentence is called wrong when more speaks against it than for it, by a detector when it holds a
// noun that is missing. A caption is wrong when a sentence is, and correct when all are. A
// judgement of people and a verdict belong together when image, sample and the sentence's bytes
// agree. Throws Error when the caption is another one, and when nothing belongs together.
Json judge_check(const std::vector<CaptionAnnotation>& annotations,
                 const std::vector<RewardRow>& rewards, const JudgeCheckOptions& options);

}  // namespace vigor
