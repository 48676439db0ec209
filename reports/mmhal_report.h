// The report about one MMHal-Bench run: report.html (one self-contained file), report.md, and the
// table for the terminal. Text from a model, a judge or a file is data in each: never markup.
#pragma once

#include <filesystem>
#include <string>

#include "base/file_system.h"
#include "base/json.h"

namespace vigor::reports {

// Writes report.html and report.md about the finished run in `run` to the folder `out_dir`. Throws
// Error when it is not a finished MMHal-Bench run, or when a file cannot be written; an older
// report stays in place then.
void write_mmhal_report(FileSystem& files, const std::filesystem::path& run,
                        const std::filesystem::path& out_dir);

// `metrics` is the object of metrics.json. Ends with a newline; ASCII except for names.
std::string mmhal_table_text(const Json& metrics);

}  // namespace vigor::reports
