// The report of a ranking run: what a judge said of several models' captions, and how far it can be
// trusted. Captions, replies and names are data in every format (see pope_report.h).
#pragma once

#include <filesystem>
#include <string>

#include "base/file_system.h"
#include "base/json.h"

namespace vigor::reports {

// Writes report.html (one self-contained file) and report.md into the folder of a finished ranking
// run. Throws Error when it is none, or when a file cannot be written.
void write_ranking_report(FileSystem& files, const std::filesystem::path& run);

// The result as a table for the terminal: one line a model, then what the judge is worth, counts
// and warnings. `metrics` is the object of metrics.json.
std::string ranking_table_text(const Json& metrics);

}  // namespace vigor::reports
