// The automatic reward (ViGoR section 3.2): nouns of a caption that a detector finds in the picture
// earn, nouns that it does not find cost.
//
//   positive(s) = found_reward   * nouns of sentence s that were found
//   negative(s) = missing_reward * nouns of sentence s that were not
//   reward(s)   = positive(s) + negative(s);  of a caption: the sums over its sentences
//
// Every mention counts. Stuff and abstract nouns are counted and neither earn nor cost, and so are
// objects that the detector could not be asked about.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "vigor/caption_nouns.h"
#include "vigor/detector.h"

namespace vigor {

struct AutomaticRewardOptions {
  // A noun is found when a box has a score above this, 0 to 1 (section 4.3: 0.25).
  double threshold = 0.25;
  double found_reward = 1;     // of a noun that is found; at least 0
  double missing_reward = -1;  // of a noun that is not; at most 0
};

enum class NounVerdict {
  kFound,
  kMissing,   // asked, and no query had a box above the threshold: hallucinated
  kUnasked,   // no query could be asked of this detector: neither found nor missing
  kNoObject,  // stuff or abstract: a detector is not asked
};
std::string_view name_of(NounVerdict verdict);

struct JudgedNoun {
  NounVerdict verdict = NounVerdict::kNoObject;
  // Of the query that decided: the first found one, in their order; else the one with the best
  // score. Not set unless found or missing.
  std::optional<float> score;
  std::array<float, 4> box = {};  // x0, y0, x1, y1 in pixels
  NounQuery query;
  std::string error;  // why it is unasked
};

struct RewardSum {
  int found = 0, missing = 0, unasked = 0;  // objects
  int stuff = 0, abstract = 0;
  double positive = 0, negative = 0;  // at least 0; at most 0
};

struct AutomaticReward {
  std::vector<JudgedNoun> nouns;     // one for each of CaptionNouns::nouns
  std::vector<RewardSum> sentences;  // one for each sentence
  RewardSum caption;
};

// Findings of one picture by the text of their query.
using Findings = std::map<std::string, NounFinding>;

// Throws std::logic_error when a query of `nouns` has no finding.
AutomaticReward automatic_reward(const CaptionNouns& nouns, const Findings& findings,
                                 const AutomaticRewardOptions& options);

// The keys of a row that hold what was judged (docs/format-rewards.md): "sentences", "nouns",
// "counts", "positive", "negative", "reward".
Json reward_keys(const CaptionNouns& nouns, const AutomaticReward& reward);

}  // namespace vigor
