// Folders of scenes: pictures, truth, and the files of each benchmark. docs/format-scenes.md
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "base/file_system.h"
#include "base/progress.h"
#include "scenes/language.h"
#include "scenes/scene.h"

namespace vigor {

struct SceneSetOptions {
  uint64_t seed = 0;
  // Scenes, 1 to 1,000,000; scene i of a seed is the same whatever the count.
  int64_t count = 100;
  // Index of the first one.
  uint64_t first = 0;
  // Made when it is missing; files of the same names are overwritten.
  std::filesystem::path out;
  SceneOptions scene;
  // 1 to 100.
  int jpeg_quality = 92;
  // "yes" and "no" questions of POPE an image; images with fewer kinds are not asked about.
  int pope_samples = 3;
  // Writes llava_conversations.json too.
  bool train = false;
  // Conversations about one picture, at least 1.
  int conversations = 1;
  TrainingOptions training;
  // Also writes the label map of each scene as PNG (grey: index of the object + 1, 0 background).
  bool label_maps = false;
  // 0: as many as the machine has.
  int threads = 0;
};

struct SceneSetSummary {
  int64_t scenes = 0;
  int64_t objects = 0;
  int64_t pope_questions = 0;  // in each of the three files; 0: there are none, and why
  std::string no_pope;
  bool stopped = false;  // stop was requested: only pictures were written
};

// A set that lies in options.out is replaced. Throws Error (options out of range, something else
// lies in the folder, the disk is full, the folder cannot be made). `progress` may
// be null; it is called from this thread only.
SceneSetSummary write_scenes(FileSystem& files, const SceneSetOptions& options, Progress* progress,
                             std::stop_token stop = {});

// "scene_000042.jpg"
std::string scene_file_name(uint64_t index);

// The row of truth.jsonl for one scene.
Json scene_truth(const Scene& scene);

}  // namespace vigor
