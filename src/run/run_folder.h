// The folder that holds the truth about one run, and survives being stopped at any moment.
//
//   run.json       what was run: settings, model, versions, timing (docs/format-run.md)
//   samples.jsonl  one line a sample, appended as samples end
//   metrics.json   the figures; written last, by atomic rename: present means complete
//   run.lock       locked while a process writes the folder
//
// A torn last line of samples.jsonl (a kill or a full disk in the middle of a write) is dropped
// when the folder is opened again. Samples with status "failed" are dropped too: they never
// became a number, and the rerun asks them again. So are those with "ask_again": true, whose judge
// could not be reached.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"

namespace vigor {

struct RunFolderOptions {
  // Samples that may be lost when the machine itself stops: the file is synced every so many.
  // A killed process loses none of those that append() returned for.
  int sync_every = 256;
  // False: samples stay on the disk, for runs whose samples do not fit into memory; samples() is
  // empty and for_each_line() reads them.
  bool keep_samples = true;
  // Drop samples with "status": "failed" or "ask_again": true when the folder is opened again.
  bool retry_failed = true;
  // Top-level keys of the settings that are recorded but may change between a run and its rerun,
  // because no answer depends on them (where the pictures lie, how many failures are accepted).
  std::vector<std::string> uncompared = {};
};

// One process owns a run folder at a time. Not thread-safe. Holds references: the file system
// must outlive it.
class RunFolder {
 public:
  // Makes the folder, or opens one that a stopped run left. `settings` is everything that an
  // answer depends on; it is compared with that of an existing run.json under the key "settings".
  // Throws Error when the folder was made with other settings (naming each that differs), when
  // another process writes it, when it holds other files but no run, when a line in the middle of
  // samples.jsonl is not JSON, or when it cannot be written.
  static RunFolder open(FileSystem& files, const std::filesystem::path& path, const Json& settings,
                        RunFolderOptions options = {});

  const std::filesystem::path& path() const { return path_; }
  // Every sample of the run, those found when it was opened first; each has its own "key".
  const std::vector<Json>& samples() const { return samples_; }
  size_t count() const { return places_.size(); }
  // The samples' lines as they are on the disk, without line ends, in the order of `keys`, each of
  // which holds(). The view lives during the call.
  void for_each_line(std::span<const std::string> keys,
                     const std::function<void(std::string_view line)>& line) const;
  bool holds(const std::string& key) const { return keys_.contains(key); }
  // True when metrics.json was there and no sample has to be asked again.
  bool complete() const { return complete_; }
  // True when run.json was there.
  bool resumed() const { return resumed_; }
  // What opening repaired, in plain words, for the log ("dropped a torn last line ...").
  const std::vector<std::string>& notes() const { return notes_; }
  // run.json as it stands on the disk.
  const Json& run() const { return run_; }

  // Appends samples that end together (one image's), in one write. Each needs a string "key" that
  // is new to the folder; a second one is a bug and throws. When the write fails the file is cut
  // back to whole lines.
  void append(std::span<const Json> samples);
  // Merges `keys` into run.json (top-level keys replaced) and writes it by atomic rename.
  void update_run(const Json& keys);
  // Syncs the samples, then writes metrics.json by atomic rename. Last act of a run.
  void write_metrics(const Json& metrics);

 private:
  RunFolder(FileSystem& files, std::filesystem::path path, RunFolderOptions options);
  void claim();
  void read_run(const Json& settings);
  void read_samples();
  void rewrite_without_failed();
  // Bytes of samples.jsonl, without the line end.
  struct Place {
    uint64_t start = 0, size = 0;
  };
  void remember(Json sample, const Place& place, const std::string& where);

  FileSystem* files_;
  std::filesystem::path path_;
  RunFolderOptions options_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<WritableFile> out_;
  uint64_t size_ = 0;  // bytes of whole lines in samples.jsonl
  int unsynced_ = 0;
  bool complete_ = false;
  bool resumed_ = false;
  Json run_;
  std::vector<Json> samples_;
  std::vector<Place> places_;   // of each sample, in their order
  std::vector<size_t> failed_;  // when the folder was opened: indices into places_
  std::vector<std::string> notes_;
  std::unordered_map<std::string, size_t> keys_;  // to an index into places_
};

}  // namespace vigor
