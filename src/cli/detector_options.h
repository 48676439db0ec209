// The options of commands that look for nouns with any detector.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/command.h"
#include "vigor/detector.h"
#include "vigor/scene_detector.h"

namespace vigor {

class DetectorFlags {
 public:
  // --detector, its own options and --detections-cache. Without `own_device` the command has
  // --dtype and --device itself, and hands them to compute_with().
  void add_to(CLI::App& app, bool own_device = true);
  void compute_with(const std::string& dtype, const std::string& device);
  bool given() const { return !detector_.empty(); }
  // With the cache before it where the detector looks at pictures; `out` names the file that the
  // cache lies beside unless --detections-cache says otherwise.
  std::unique_ptr<Detector> open(const CommandContext& context,
                                 const std::filesystem::path& out) const;

 private:
  std::unique_ptr<Detector> open_plain(const CommandContext& context) const;

  std::string detector_, cache_, dino_config_;
  GroundingDinoOptions dino_;
  SceneDetectorOptions scenes_;
  int64_t in_flight_ = 32;
};

}  // namespace vigor
