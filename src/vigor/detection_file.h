// Detections that another program, or `vigor-eval detect`, wrote: COCO's layout, one document, or
// one a line for many pictures (docs/format-detect.md).
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "vigor/detector.h"

namespace vigor {

// What one picture was asked, and what was found.
struct RecordedDetections {
  struct Box {
    std::array<float, 4> corners = {};  // x0, y0, x1, y1 in pixels
    float score = 0;
    std::string phrase;  // as noun_key() gives it
  };
  // As noun_key() gives them: phrases of the prompt, or the names of the categories where the
  // document has no prompt (a detector of a closed list of kinds).
  std::set<std::string> asked;
  std::vector<Box> boxes;
  double threshold = 0;  // boxes below it were left out
  // Of the detector, as the document has it; null when it says nothing.
  Json detector;
};

// Lower case, single blanks, without article and without a full stop at the end.
std::string noun_key(std::string_view text);

// By the picture's file name. Throws Error naming file, line and key: no JSON, a picture that is
// described twice, an annotation of an unknown picture or category, a number that is none.
std::map<std::string, RecordedDetections> parse_detections(std::string_view bytes,
                                                           const std::string& where);

// Answers from such a file. A picture that is not in it fails; a noun that was not asked has no
// score; one that was asked and has no box has the score 0. A box stands for a noun when its phrase
// is that noun, or holds it among other words and was not asked itself.
std::unique_ptr<Detector> open_recorded_detector(const std::filesystem::path& file);

}  // namespace vigor
