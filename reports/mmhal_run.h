// An MMHal-Bench run folder, read for the reports.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "reports/pope_run.h"

namespace vigor::reports {

// One line of samples.jsonl; docs/format-mmhal.md describes the keys. Absent texts are "".
struct MmhalSample {
  std::string key, type, image, question, standard_answer, answer, status, reply, reason, error;
  int64_t record = 0, repeat = 0;
  std::optional<int64_t> rating;
  bool hallucination = false;
};

struct MmhalRun {
  std::string name;  // what was judged
  std::string judge;
  Json run;                          // run.json
  Json metrics;                      // metrics.json
  std::vector<MmhalSample> samples;  // by record and repeat
};

// Throws Error naming the file and the key when `folder` is not a finished MMHal-Bench run.
MmhalRun read_mmhal_run(const std::filesystem::path& folder);

// "3.12" with two decimals for ratings, percent for the others; "-" when there is none.
std::string mmhal_value(const Figure& figure, bool rating);
// "2.9 to 3.4"; "" when there is no interval.
std::string mmhal_interval(const Figure& figure, bool rating);

// What must be known before the figures are read, one plain sentence each.
std::vector<std::string> mmhal_notes(const Json& metrics);

std::string mmhal_html(const MmhalRun& run);
std::string mmhal_markdown(const MmhalRun& run);

}  // namespace vigor::reports
