// The report about one MME run: report.html (one self-contained file), report.md, and the table for
// the terminal. Text from a model or a file is data in each: never markup.
#pragma once

#include <filesystem>
#include <string>

#include "base/file_system.h"
#include "base/json.h"
#include "reports/pope_report.h"

namespace vigor::reports {

// Writes report.html and report.md about the finished run in `run`. Throws Error when it is not a
// finished MME run, or when a file cannot be written; an older report stays in place then.
void write_mme_report(FileSystem& files, const std::filesystem::path& run,
                      const ReportOptions& options);

// `metrics` is the object of metrics.json: one line a task with its interval, the sums, the counts
// and warnings. Ends with a newline; ASCII except for names.
std::string mme_table_text(const Json& metrics);

}  // namespace vigor::reports
