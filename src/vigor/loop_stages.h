// Stages of the loop that read files and write files (docs/format-loop.md): annotate, reward-data,
// select, refine. Each takes its document of settings and runs only when it or an input has
// changed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "base/json.h"
#include "language/english.h"

namespace vigor {

struct StageResult {
  std::filesystem::path out;
  bool ran = false;  // false: the output was up to date
  Json summary;      // what the stage counted
};

// Section 3.1: judgements of others, or of several annotators, as one file of our format.
//   {"file", "format": "annotations"|"faithscore"|"m-haldetect"|"vigor", "majority": false, "out"}
// `english` gives FaithScore's answers their sentences, and may be null for other formats.
StageResult annotate_stage(FileSystem& files, const Json& config, const std::string& where,
                           const language::English* english);

// Section 3.1: what a reward model is taught from, as LLaVA's conversation JSON.
//   {"annotations", "holistic": false, "creative": true, "detail": true, "held_out": 0.1,
//    "seed": 0, "questions": {"sentence", "caption", "creative", "detail"}, "out"}
// The held-out questions are written to OUT with ".held-out" before its extension.
StageResult reward_data_stage(FileSystem& files, const Json& config, const std::string& where);

// Section 3.3: the best sample of each picture.
//   {"rewards": {STREAM: FILE}, "weights": {STREAM: 1}, "normalise": "variance",
//    "per_sentence": false, "positive_weight": 0, "detail_weight": 0, "creative_weight": 0,
//    "length_fair": false, "first": false, "out"}
StageResult select_stage(FileSystem& files, const Json& config, const std::string& where);

// Section 3.4: the chosen captions without the sentences that name what is not there, as LLaVA's
// conversation JSON.
//   {"selected", "nouns": FILE|null, "captions", "when_empty": "next"|"drop", "out"}
StageResult refine_stage(FileSystem& files, const Json& config, const std::string& where);

}  // namespace vigor
