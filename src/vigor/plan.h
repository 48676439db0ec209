// A graph of jobs, each one command of this program, known by a hash of what decides its result.
//
// A job's folder is KIND-KEY in the folder "work" of OUT. The key is a SHA-256 over the command,
// its options, the content of files from outside and the keys of the jobs whose results it takes,
// so that two variants that need the same stage share it, and a change runs again only what depends
// on it.
//
//   config.json   the command's options, written first
//   log.txt       what the command printed
//   job.json      written last, by atomic rename: present, with this key and with the same outputs,
//                 means done
//
// docs/sweep.md describes the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"

namespace vigor {

// A hash of the content of a file or folder; empty when there is none or it cannot be read.
using ContentHash = std::function<std::optional<std::string>(const std::string& path)>;

// What a job is. Options name results of other jobs by the paths that Plan::result() gave, and
// files from outside by paths that Plan::input() took; nothing else says what depends on what.
struct PlanJob {
  std::string kind;                  // "sample": the folder's prefix; rates are kept by kind
  std::string title;                 // for people
  std::vector<std::string> command;  // {"train", "sft"}; --config and --out are added
  Json config = Json::object();      // the command's options
  std::string out;                   // --out, below the job's folder: "captions.jsonl"
  // Below the folder; all must be there at the end. Empty: `out` alone.
  std::vector<std::string> outputs = {};
  // Below the folder: what only an unfinished job needs, removed when it is done.
  std::vector<std::string> scratch = {};
  double units = 0;       // how much there is to do; 0: not known
  std::string unit = "";  // of `units`: "captions"
  // Jobs with the same one never run beside each other, though none takes the other's result: an
  // endpoint with limits, a cache that the second finds filled. "" is none. No part of the key.
  std::string resource = "";
};

enum class JobState {
  kDone,
  kToDo,     // what it takes is there
  kStopped,  // begun before, and goes on
  kWaits,    // for another job
  kMissing,  // a file from outside is not there
};
const char* name_of(JobState state);  // "done", "to do", "goes on", "waits", "missing"

struct PlannedJob {
  PlanJob job;
  std::string key;               // SHA-256, 64 hexadecimal digits
  std::filesystem::path folder;  // KIND-(12 digits of the key)
  std::vector<size_t> needs;     // jobs whose results it takes, ascending
  std::string missing;           // the file from outside that is not there, or ""
  JobState state = JobState::kToDo;
};

// What the open jobs will take.
struct PlanTime {
  double seconds = 0;  // of those whose time is known, by the clock on the wall
  size_t unknown = 0;  // how many others there are
};

class Plan {
 public:
  // `out` as it will stand in the options of commands.
  Plan(std::filesystem::path out, ContentHash content);

  const std::filesystem::path& out() const { return out_; }
  // Takes note of a file or folder from outside and returns its path. One that is not there lets
  // the jobs that name it fail, and not the others. Other options that are the path of a file (with
  // a '/' in them) count by their content as well.
  std::string input(const std::string& path);
  // The job that is known by the same key, or a new one.
  size_t add(PlanJob job);
  const std::vector<PlannedJob>& jobs() const { return jobs_; }
  // A path below the folder of a job.
  std::string result(size_t job, const std::string& name) const;

  // States from what lies in the folders.
  void look();
  // Throws Error when a file is not readable. Marks the job done.
  void finish(FileSystem& files, size_t job, std::optional<double> seconds);
  // Of outputs that are not there, the first; "" when all are.
  std::string missing_output(size_t job) const;

  // Units a second of a kind, from the jobs that lie in OUT/work; empty when none says.
  std::optional<double> rate(const std::string& kind) const;
  // Seconds of a job; empty when its units or its rate are not known.
  std::optional<double> estimate(size_t job) const;
  // With `at_a_time` jobs beside each other, in the order in which they are started. `elapsed`:
  // seconds of those that run now.
  PlanTime time_left(size_t at_a_time, const std::map<size_t, double>& elapsed = {}) const;

 private:
  struct Reading {
    std::set<size_t> needs;
    std::string missing;
  };
  std::string keyed_text(const std::string& text, Reading& reading);
  Json keyed(const Json& value, Reading& reading);
  bool done(const PlannedJob& planned) const;

  std::filesystem::path out_;
  ContentHash content_;
  std::map<std::string, std::string> inputs_;  // content by path; "" is not there
  std::vector<PlannedJob> jobs_;
  std::map<std::string, size_t> by_key_, by_folder_;
  std::map<std::string, std::pair<double, double>> measured_;  // by kind: units, seconds
};

// A line a job: state, time, title; and what it comes to with `at_a_time` jobs beside each other.
std::string plan_text(const Plan& plan, size_t at_a_time = 1);
Json plan_json(const Plan& plan);

}  // namespace vigor
