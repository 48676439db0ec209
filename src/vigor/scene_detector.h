// A detector that knows generated scenes by their truth: what a detector at its best could say, or
// one that errs at stated rates.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "vigor/detector.h"

namespace vigor {

struct SceneDetectorOptions {
  // truth.jsonl of a folder of scenes (docs/format-scenes.md).
  std::filesystem::path truth = {};
  // Share of (picture, kind) pairs that are there and are not found, 0 to 1.
  double miss_rate = 0;
  // Share of (picture, kind) pairs that are not there and are found, 0 to 1.
  double false_rate = 0;
  // Of the errors: the same pair errs whatever is asked beside it.
  uint64_t seed = 0;
};

// Found nouns have the score 1 and the box of the largest object of the kind, others the score 0; a
// false find has the whole picture as its box. Nouns are the kinds and what scene_synonyms() calls
// them; any other noun has no score, because the truth is silent about it. Pictures are not looked
// at. Throws Error naming file, line and key, and for a rate out of its range (usage).
std::unique_ptr<Detector> open_scene_detector(const SceneDetectorOptions& options);

}  // namespace vigor
