// Generated scenes with their labels, for the pretraining of a vision tower.
//
// vigor/ is the training loop, one file a stage: where data, models and the SFT core meet.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "base/progress.h"
#include "image/clip_preprocess.h"
#include "model/config.h"
#include "scenes/scene.h"
#include "train/vision_pretrain.h"

namespace vigor {

struct ScenePicturesOptions {
  uint64_t seed = 0;
  uint64_t first = 0;    // index of the first scene
  int64_t count = 1000;  // scenes, at least 1
  // Also shows every scene mirrored (positions are not labels here): twice the pictures.
  bool mirror = true;
};

// Makes the scenes on all threads of the machine and gives each to `use` with its place in 0 to
// count - 1; several calls run at once. Throws Error when there is no scene. `progress` may be
// null.
void draw_scenes(const ScenePicturesOptions& options, Progress* progress,
                 const std::function<void(size_t, const Scene&)>& use);

// Scenes are drawn once, on all threads of the machine, and kept as 8-bit pixels at the tower's
// size (37 kB at 112x112). The label of a patch is the kind that covers most of it, background
// being a class of its own, and that object's colour (no label where the kind has none).
class ScenePictures : public LabelledPictures {
 public:
  ScenePictures(const ScenePicturesOptions& options, const ClipVisionConfig& config,
                Progress* progress);

  uint64_t size() const override;
  int64_t kinds() const override;  // scene kinds, then background
  int64_t colours() const override;
  int64_t presences() const override;
  Batch batch(std::span<const uint64_t> indices) const override;
  Json identity() const override;

 private:
  ScenePicturesOptions options_;
  int64_t side_, grid_;
  ClipPreprocess preprocess_;
  std::vector<uint8_t> pixels_;    // [count, side, side, 3]
  std::vector<uint8_t> kind_;      // [count, patches]
  std::vector<uint8_t> colour_;    // [count, patches], kIgnoredPatch where there is none
  std::vector<uint8_t> presence_;  // [count, kinds]
};

}  // namespace vigor
