// What a detector said of a picture, kept so that it is asked once: in a SQLite file, by detector,
// picture (hash of the file) and noun. Scores are kept, not verdicts: another threshold asks
// nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vigor/detector.h"

namespace vigor {

// Not thread-safe; any number of processes may share a file. Every function throws Error
// (judges/cache/cache_file.h).
class DetectionStore {
 public:
  // Made when it is missing, with its folder.
  explicit DetectionStore(const std::filesystem::path& file);
  // Empty, and gone with the object.
  static DetectionStore in_memory();
  ~DetectionStore();
  DetectionStore(DetectionStore&&) noexcept;
  DetectionStore& operator=(DetectionStore&&) noexcept;

  // For each noun what is on record.
  std::vector<std::optional<NounFinding>> find(const Json& detector,
                                               const std::string& image_sha256,
                                               std::span<const std::string> nouns);
  struct Entry {
    std::string image_sha256;
    std::string noun;
    NounFinding finding;  // those without a score are not kept: they may be asked another time
  };
  // All or, after an Error, none; keeps what is there.
  void put(const Json& detector, std::span<const Entry> entries);

 private:
  struct State;
  explicit DetectionStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Answers from the store, asks `inner` for what is not in it, and keeps that. A detector's place on
// this machine (path, device) is no part of the key where a hash says what it is.
class CachedDetector : public Detector {
 public:
  CachedDetector(std::unique_ptr<Detector> inner, DetectionStore store);

  Json identity() const override { return inner_->identity(); }
  double lowest_threshold() const override { return inner_->lowest_threshold(); }
  bool needs_pictures() const override { return inner_->needs_pictures(); }
  size_t pictures_together() const override { return inner_->pictures_together(); }
  std::vector<NounFinding> find(const Picture& picture,
                                std::span<const std::string> nouns) override;
  std::vector<PictureFindings> find_all(std::span<const PictureNouns> requests,
                                        std::stop_token stop) override;
  // The inner one's, with "nouns_from_cache".
  Json usage() const override;

 private:
  std::unique_ptr<Detector> inner_;
  DetectionStore store_;
  Json key_;
  int64_t hits_ = 0;
};

// Of two detectors with one key the findings are the same.
Json detector_key(Json identity);

}  // namespace vigor
