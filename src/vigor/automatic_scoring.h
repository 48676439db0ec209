// The stage that gives every caption of a file its automatic reward: captions and pictures in, rows
// of a run folder out (docs/format-rewards.md).
#pragma once

#include <filesystem>
#include <stop_token>
#include <vector>

#include "base/progress.h"
#include "run/run_folder.h"
#include "vigor/automatic_reward.h"
#include "vigor/picture_captions.h"

namespace vigor {

struct AutomaticScoringOptions {
  // Where the pictures lie. Not used with detectors that look at none.
  std::filesystem::path images = {};
  AutomaticRewardOptions reward;
};

// Scores what the folder does not hold yet. All nouns of a picture's captions are asked together.
// What goes wrong with a picture (missing, broken, the detector does not answer) fails its
// captions. Throws Error when a picture's name leads out of the folder, and what ends the run.
ScoringResult score_captions(const std::vector<PictureCaptions>& pictures,
                             const CaptionReader& reader, Detector& detector, RunFolder& folder,
                             const AutomaticScoringOptions& options, Progress& progress,
                             std::stop_token stop);

}  // namespace vigor
