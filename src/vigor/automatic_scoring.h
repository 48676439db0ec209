// The stage that gives every caption of a file its automatic reward: captions and pictures in, rows
// of a run folder out (docs/format-rewards.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.h"
#include "run/run_folder.h"
#include "vigor/automatic_reward.h"

namespace vigor {

struct SampledCaption {
  int64_t sample = 0;
  std::string text;
  std::string error;  // not empty: there is no caption

  std::string key(const std::string& image) const { return image + "#" + std::to_string(sample); }
};

// The captions of one picture.
struct PictureCaptions {
  std::string image;
  std::vector<SampledCaption> captions;  // in the order of the file
};

// A part of the pictures: every count-th one, beginning with the index-th.
struct Shard {
  int64_t index = 1;  // 1 to count
  int64_t count = 1;
  std::string text() const { return std::to_string(index) + "/" + std::to_string(count); }
};
// "2/8". Throws Error (usage).
Shard parse_shard(const std::string& text);

// Captions by picture, in the order in which the file first names each. Rows without a sample
// number are numbered. Throws Error naming file and line: no captions, a sample that is there
// twice.
std::vector<PictureCaptions> parse_picture_captions(std::string_view bytes,
                                                    const std::string& where);
std::vector<PictureCaptions> part_of(std::vector<PictureCaptions> pictures, const Shard& shard);

struct AutomaticScoringOptions {
  // Where the pictures lie. Not used with detectors that look at none.
  std::filesystem::path images = {};
  AutomaticRewardOptions reward;
};

struct ScoringResult {
  int64_t rows = 0;      // written in this session
  int64_t pictures = 0;  // asked about in this session
  bool interrupted = false;
};

// Scores what the folder does not hold yet. All nouns of a picture's captions are asked together.
// What goes wrong with a picture (missing, broken, the detector does not answer) fails its
// captions. Throws Error when a picture's name leads out of the folder, and what ends the run.
ScoringResult score_captions(const std::vector<PictureCaptions>& pictures,
                             const CaptionReader& reader, Detector& detector, RunFolder& folder,
                             const AutomaticScoringOptions& options, Progress& progress,
                             std::stop_token stop);

}  // namespace vigor
