// Rejection sampling (ViGoR section 3.3): of the captions sampled for a picture, the one with the
// smallest penalty.
//
// Each stream of scores (nouns looked for by a detector; sentences judged by a reward model) gives
// a caption a sum of what speaks against it (`negative`) and of what speaks for it (`positive`).
// The paper: "aggregate all negative signals from the two streams [...] by normalizing their values
// with their respective variances and linearly combine them. We select the sample with the smallest
// penalty score [...] and use the positive scores as a tiebreaker when necessary."
//
//   penalty(s)  = sum over streams k of  weight_k * negative_k(s) / scale_k(negative)
//   credit(s)   = sum over streams k of  weight_k * positive_k(s) / scale_k(positive)
//
// with scale_k over all captions of the data set. A stream that never varies decides nothing.
//
// This rule likes captions that say little: what is not said cannot be wrong. A share of errors
// likes short ones too, since of few sentences all are right more often by chance. The length-fair
// rule counts by how much a caption's errors exceed what is to be expected of its length, in
// standard deviations of chance:
//
//   n(s)        = negative(s) + positive(s)                     things that were judged
//   r           = sum of negative / sum of n, over all captions    how often they are wrong
//   excess(s)   = (negative(s) - r n(s)) / sqrt(n(s));  0 where n(s) = 0
//   penalty(s)  = sum over streams k of  weight_k * excess_k(s) / scale_k(excess)
//
// If each thing were wrong by chance alone, with probability r, excess would have mean 0 and
// variance r (1 - r) whatever n is, so that no length is chosen more often than another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vigor {

// What one stream says of one caption. Both sums are at least 0.
struct CaptionSignals {
  double negative = 0;
  double positive = 0;
};

struct ScoredCaption {
  std::string image;
  int64_t sample = 0;     // 0 or more, unique within the image
  int64_t sentences = 1;  // of the caption; 0 for an empty one
  // One entry a stream, parallel to SelectOptions::streams; nullopt: the stream has no score for it
  // (it failed), so that the caption cannot be chosen.
  std::vector<std::optional<CaptionSignals>> signals;
  // Section 3.1's other judgements, at least 0; asked for by a weight, a caption without one cannot
  // be chosen.
  std::optional<double> detail{};    // level of the whole caption
  std::optional<double> creative{};  // sum over the sentences
};

enum class Normalise {
  kVariance,  // the paper's word; a stream's weight then depends on its unit
  kStd,       // free of the unit
  kRank,      // rank within the data set, ties averaged, in (0, 1]
};
std::string_view name_of(Normalise normalise);
// "variance", "std", "rank"; throws Error (usage) with the nearest name for another one.
Normalise normalise_of(const std::string& name, const std::string& where);

struct StreamOptions {
  std::string name;   // "automatic", "reward_model"
  double weight = 1;  // finite, 0 or more; 0: the stream decides nothing and may lack scores
};

struct SelectOptions {
  std::vector<StreamOptions> streams;
  Normalise normalise = Normalise::kVariance;
  // Signals are divided by the number of sentences first. The paper's rule (false) prefers captions
  // that say little, since each sentence is one more chance of an error.
  bool per_sentence = false;
  // The length-fair rule above; `per_sentence` and `positive_weight` are not of it.
  bool length_fair = false;
  // Nothing is chosen: each picture's first caption is taken, of those that could be. A control,
  // for what training on a model's own captions does without rewards; the other rules then decide
  // nothing.
  bool first = false;
  // What credit takes from the penalty, 0 or more. The paper: 0, credit breaks ties only.
  double positive_weight = 0;
  // What the level of detail, and creativity, take from the penalty, 0 or more: normalised as the
  // streams are. The paper's section 3.3 does not name them: 0.
  double detail_weight = 0, creative_weight = 0;
};

struct Selected {
  std::string image;
  int64_t sample = 0;  // the chosen one
  double penalty = 0;
  double credit = 0;
  int64_t candidates = 0;  // captions that could be chosen
  int64_t left_out = 0;    // captions without a score in some stream
  // What decided: "penalty", "credit", or "id" (equal in both: the smallest sample number).
  std::string decided_by;
  // All candidates from best to worst, for when nothing remains of the best after refinement.
  std::vector<int64_t> order;
};

struct Selection {
  std::vector<Selected> chosen;            // by image name
  std::vector<std::string> without_score;  // images of which no caption can be chosen, by name
  struct Scale {
    double negative = 0,
           positive = 0;  // what the stream's signals were divided by; 0: no variation
    int64_t captions = 0;
    double share_negative = 0;  // r of the length-fair rule, whose excess `negative` divided
  };
  std::vector<Scale> scales;  // parallel to streams; of kRank all 0
};

// The same result whatever the order of `captions`. Throws Error (usage) for no stream or a wrong
// weight, for the length-fair rule together with what is not of it, and for a caption that is there
// twice, a signal that is negative or not finite.
Selection select_captions(std::vector<ScoredCaption> captions, const SelectOptions& options);

}  // namespace vigor
