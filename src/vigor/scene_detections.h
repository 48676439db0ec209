// Generated scenes as a detector's training data: pictures, prompts of kinds that are there and of
// kinds that are not, and boxes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "image/detector_preprocess.h"
#include "text/wordpiece.h"
#include "train/detector_training.h"
#include "vigor/scene_pictures.h"

namespace vigor {

struct SceneDetectionsOptions {
  ScenePicturesOptions scenes;
  // How the detector sees pictures; scenes must come out of it in one size.
  DetectorPreprocess preprocess;
  // Prompts name every kind that is there and every kind that is not: for scoring. Otherwise they
  // are drawn anew at every step, as the fields below say.
  bool ask_all = false;
  // Most kinds of a prompt that are not in the picture; their number is drawn evenly from 0 (0 or
  // more, at most the number of kinds).
  int64_t absent_nouns = 16;
  // Chance that a kind that is there is left out of the prompt, whose boxes are then not wanted,
  // and that a kind is named in the plural (0 to 1).
  double left_out = 0.1, plural = 0.15;
  uint64_t seed = 0;  // of what is drawn
};

// The words of the scenes' kinds as a vocab.txt: [PAD], [UNK], [CLS], [SEP], [MASK], "." and "?"
// have BERT's numbers, because the network knows them by number; what lies between is unused.
std::string scene_vocabulary();

// Scenes are drawn once, on all threads of the machine, and kept as 8-bit pixels at the network's
// size.
class SceneDetections : public DetectionSamples {
 public:
  // Throws Error when an option is out of its range or the tokenizer knows none of a kind's words.
  SceneDetections(const SceneDetectionsOptions& options, const WordPieceTokenizer& tokenizer,
                  Progress* progress);

  uint64_t size() const override;
  Batch batch(std::span<const uint64_t> indices, int64_t step) const override;
  Json identity() const override;

 private:
  struct Thing {
    int kind = 0;
    float x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // 0..1
  };
  struct Asked {
    int kind = 0;
    bool plural = false;
  };
  std::vector<Asked> draw_nouns(const std::vector<Thing>& things, uint64_t index,
                                int64_t step) const;

  SceneDetectionsOptions options_;
  const WordPieceTokenizer& tokenizer_;
  int height_ = 0, width_ = 0;
  std::vector<uint8_t> pixels_;             // [count, height, width, 3]
  std::vector<std::vector<Thing>> things_;  // by scene
  std::vector<std::vector<int>> tokens_;    // by kind, singular; then by kind, plural
};

}  // namespace vigor
