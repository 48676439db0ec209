// What every kind of reward is given: the captions of each picture, a part of the pictures, what a
// stopped run has still to do, and what the rows of all kinds begin with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "run/run_folder.h"

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

// True when the folder lacks a caption of the picture.
bool is_open(const PictureCaptions& picture, const RunFolder& folder);

// {"key", "image", "sample", "caption", "status", "error"} of a caption: failed with `error`, or
// because there is no caption; else scored.
Json caption_row(const std::string& image, const SampledCaption& caption, std::string error);

// What scoring in one session came to.
struct ScoringResult {
  int64_t rows = 0;      // written in this session
  int64_t pictures = 0;  // asked about in this session
  bool interrupted = false;
};

}  // namespace vigor
