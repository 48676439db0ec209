// The nights as tables of vigor.db, for questions that SQL answers well. The truth stays in the
// folders: the tables are made from them anew whenever a job ends.
//
//   nights         night, started, ended, outcome, accepted, reference
//   night_figures  night, job, benchmark, metric, value, low, high
//   night_rules    night, job, against, metric, outcome, base, candidate_drop, allowed_drop
#pragma once

#include <filesystem>
#include <vector>

#include "nightly/night.h"

namespace vigor::nightly {

// Replaces the three tables in one transaction; the cache of judge replies in the same file stays.
// Throws Error when the file is no vigor.db or cannot be written.
void write_history(const std::filesystem::path& file, const std::vector<Night>& nights);

}  // namespace vigor::nightly
