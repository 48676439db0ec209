// What a nightly job evaluates, what it compares with, and what it keeps.
//
// nightly/ is the room of the nightly job: one folder of nights, each with its runs, comparisons
// and night.json (night.h), an index over them in vigor.db (history.h), and the job itself
// (nightly.h). It evaluates by starting the program's own commands (through a function that is
// passed in) and links no model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "reports/gate.h"

namespace vigor::nightly {

// One benchmark of every night.
struct BenchmarkJob {
  std::string name;  // of its folders; letters, digits, '-' and '_'
  // Arguments of the program without --out: {"pope", "--model", ...}. Relative paths are those of
  // the folder that the job is started in.
  std::vector<std::string> command;
  // Of a ranking: the candidate that is followed. "" else.
  std::string candidate;
  // Run folder that the job is compared with every night, beside the last accepted one, so that
  // small drops do not add up; "" is none.
  std::filesystem::path baseline;
  // Evaluate even when nothing that can be seen has changed.
  bool always = false;
};

struct Config {
  std::filesystem::path folder;  // of the nights; below the config file when relative
  std::vector<BenchmarkJob> benchmarks;
  reports::Gate gate;
  // Runs and comparisons of nights that are older are removed (at least 1); night.json is kept.
  // 0 keeps everything.
  int keep_days = 60;
  // Write a report of all runs of the night beside the accepted ones.
  bool report = true;
};

// {"folder", "gate": FILE or {...}, "benchmarks": [{"name", "command", "candidate", "baseline",
// "always"}], "keep_days", "report"}; paths are relative to the file, those in commands are not.
// Throws Error (usage) naming file and key.
Config read_config(const std::filesystem::path& path);
Config parse_config(const Json& document, const std::filesystem::path& file);

}  // namespace vigor::nightly
