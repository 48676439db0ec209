// Reports: what a person reads about one or several runs, and what a pull request shows.
//
// One writer a format (pope_html.cpp, pope_markdown.cpp, pope_table.cpp); all read the same
// PopeRun. Text from a model, a file name or a question is data in every format: it is never
// markup, and it cannot leave its cell. docs/format-run.md says what a run folder holds.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/file_system.h"
#include "base/json.h"

namespace vigor::reports {

struct ReportOptions {
  // The folder that report.html and report.md are written to; made when it is not there.
  std::filesystem::path out_dir{};
  // Longest side of the embedded pictures, in pixels (16 to 512).
  int thumbnail_pixels = 160;
  // JPEG quality of the embedded pictures (1 to 100).
  int thumbnail_quality = 72;
  // All embedded pictures together, in bytes before base64; 0 embeds none. Pictures with a wrong,
  // unparsed or failed answer come first, and the report says how many were left out.
  size_t thumbnail_bytes = 6u << 20;
  // Longest text of one answer that the HTML report carries, in bytes (at least 64).
  size_t answer_bytes = 4000;
  // Wrong answers that the Markdown report lists.
  size_t markdown_examples = 10;
};

// Writes report.html (one self-contained file) and report.md about one or more finished POPE runs,
// the first being the one that the others are read against. Throws Error when a folder is not a
// finished POPE run or when a file cannot be written; an older report stays in place then.
void write_pope_report(std::span<const std::filesystem::path> runs, const ReportOptions& options);
// The same on another file system, for tests of a full disk.
void write_pope_report(FileSystem& files, std::span<const std::filesystem::path> runs,
                       const ReportOptions& options);

// The result as a table for the terminal: one line a split, intervals below, then the counts and
// warnings. `metrics` is the object of metrics.json. Ends with a newline; ASCII except for names.
std::string pope_table_text(const Json& metrics);

}  // namespace vigor::reports
