// The report of several runs: `vigor-eval report RUN...`. Unlike the report beside a run
// (pope_report.h and its kin) it sets checkpoints and benchmarks side by side, with paired tests.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "reports/report_content.h"

namespace vigor::reports {

struct RunsReportOptions {
  // Stands above the page; "" leaves it to the runs.
  std::string title = {};
  // Longest side of the embedded pictures, in pixels (16 to 512).
  int thumbnail_pixels = 160;
  // JPEG quality of the embedded pictures (1 to 100).
  int thumbnail_quality = 72;
  // All embedded pictures together, in bytes before base64; 0 embeds none. Each picture is there
  // once, whichever runs ask about it; those that runs answer differently come first.
  size_t thumbnail_bytes = 6u << 20;
  // Longest text of one answer that the HTML report carries, in bytes (at least 64).
  size_t answer_bytes = 2000;
  // Samples that the Markdown report lists of each pair of runs, the worst first.
  size_t markdown_examples = 5;
};

// The formats by the names that --formats takes, each with its file:
// html report.html, md report.md, json report.json, csv report.csv, latex report.tex,
// junit junit.xml.
const std::vector<std::pair<std::string, std::string>>& report_formats();

// Throws Error (exit code: usage) for a name that is no format, suggesting the nearest.
void check_report_formats(const std::vector<std::string>& formats);

// Writes the files of `formats` into `out_dir`, which is made. Everything is made before anything
// is written, and each file by atomic rename. Returns the paths. Throws Error as
// check_report_formats() does and when a file cannot be written.
std::vector<std::filesystem::path> write_report(FileSystem& files, const Report& report,
                                                const std::filesystem::path& out_dir,
                                                const std::vector<std::string>& formats,
                                                const RunsReportOptions& options);

}  // namespace vigor::reports
