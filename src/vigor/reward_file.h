// Rewards of captions as a later stage reads them (docs/format-rewards.md): the same keys whether
// a detector or a reward model gave them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "language/span.h"
#include "vigor/annotations.h"

namespace vigor {

// What a stream says of one sentence, or of a whole caption.
struct SentenceReward {
  double positive = 0;           // at least 0
  double negative = 0;           // at most 0
  std::optional<double> margin;  // of a reward model: ln P(yes) / P(no)
  std::set<SentenceError> errors;
};

struct RewardRow {
  std::string image;
  int64_t sample = 0;
  std::string caption;
  bool scored = false;                    // else nothing below is set
  double positive = 0;                    // at least 0
  double negative = 0;                    // at most 0
  std::vector<language::Span> sentences;  // bytes of the caption
  // Parallel to the sentences; of a holistic reward the one of the whole. Empty where a hand-made
  // file has the caption's sums alone.
  std::vector<SentenceReward> judgements;
  bool holistic = false;
  bool by_nouns = false;  // a detector's
  // Of a reward model that was asked: sum over the sentences, at least 0; level, 1 to 5.
  std::optional<double> creative, detail;
  // Noun phrases judged not to be in the picture; empty in the rewards of a reward model.
  std::vector<language::Span> missing;
};

// Throws Error naming file and line: a caption that is there twice, sums of the wrong sign, spans
// outside the caption. Keys that are not needed here are not read.
std::vector<RewardRow> parse_rewards(std::string_view text, const std::string& where);
std::vector<RewardRow> read_rewards(const std::filesystem::path& path);

}  // namespace vigor
