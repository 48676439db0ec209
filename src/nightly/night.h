// One night: what was evaluated, what it was compared with, and what the gate said.
//
//   FOLDER/nightly.lock          locked while a job runs
//   FOLDER/vigor.db              index of the nights (history.h) and cache of judge replies
//   FOLDER/trend.html            all nights
//   FOLDER/summary.md, junit.xml of the last night
//   FOLDER/NIGHT/plan.json       written first: what the night evaluates
//   FOLDER/NIGHT/runs/JOB        run folders
//   FOLDER/NIGHT/logs/JOB.txt    what the commands printed
//   FOLDER/NIGHT/compared/JOB-accepted, JOB-baseline
//   FOLDER/NIGHT/report          the report of the night's runs beside the accepted ones
//   FOLDER/NIGHT/night.json      written last: present means finished
// docs/nightly.md describes the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"
#include "reports/gate.h"

namespace vigor::nightly {

enum class Outcome { kPass, kRegression, kInconclusive, kError };
// "pass", "regression", "inconclusive", "error".
const char* outcome_name(Outcome outcome);
Outcome parse_outcome(const std::string& name, const std::string& where);
// 0, 3, 4, 1.
ExitCode exit_code(Outcome outcome);
// The first of regression, error, inconclusive, pass that is among the two.
Outcome worse(Outcome a, Outcome b);

// A figure of a job, as its run published it.
struct NightFigure {
  std::string key, title;
  std::string unit = "share";  // "share", "points", "rating", "rank"
  bool headline = false;
  std::optional<double> value, low, high;
  std::string reason;  // why there is no value
};

// One rule against one reference.
struct NightRule {
  std::string against;  // "accepted" or "baseline"
  std::string metric;
  reports::GateOutcome outcome = reports::GateOutcome::kInconclusive;
  std::optional<double> base;  // the reference's figure
  std::optional<double> drop;
  double allowed_drop = 0;
  // Of a drop in the figure: -1 where higher is better, 1 where lower is, 0 where it must stay.
  double sign = -1;
  std::string sentence;
};

struct NightJob {
  std::string name, benchmark;
  std::string fingerprint;  // of everything that decides the answers, as far as it can be seen
  std::string run;          // run folder, relative to the folder of nights; "" when there is none
  bool reused = false;      // the run is that of an earlier night: nothing had changed
  std::string error;        // why there is no run, or no comparison
  std::vector<NightFigure> figures;
  std::vector<NightRule> rules;
};

struct Night {
  std::string id;                  // "2026-11-23", "2026-11-23.2"
  int64_t started = 0, ended = 0;  // seconds since 1970
  Outcome outcome = Outcome::kError;
  bool accepted = false;
  bool by_hand = false;   // accepted by a person, whatever the outcome
  std::string reference;  // the accepted night that it was compared with; "" is none
  std::vector<NightJob> jobs;

  const NightJob* job(const std::string& name) const;
};

Json night_json(const Night& night);
// Throws Error naming the file and the key.
Night night_of_json(const Json& document, const std::string& where);

// Finished nights of a folder, oldest first (by their start, then by name). Throws Error for a
// night.json that cannot be read.
std::vector<Night> read_nights(const std::filesystem::path& folder);

// Writes FOLDER/NIGHT/night.json by atomic rename.
void write_night(FileSystem& files, const std::filesystem::path& folder, const Night& night);

// The last accepted night before `id` (any when ""); nullptr when there is none.
const Night* last_accepted(const std::vector<Night>& nights, const std::string& id = "");

}  // namespace vigor::nightly
