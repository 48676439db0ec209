// The writers behind write_report, one a format. A new format is one file and one line in
// report_write.cpp.
#pragma once

#include <string>

#include "reports/published.h"
#include "reports/report_content.h"
#include "reports/report_write.h"

namespace vigor::reports {

// One self-contained page (page.h), with pictures as far as `options` has room for them.
std::string report_html(const Report& report, const RunsReportOptions& options);
// Fits a comment on a pull request; text from outside stands in code spans.
std::string report_markdown(const Report& report, const RunsReportOptions& options);
// docs/format-report.md describes the keys; full precision.
Json report_json(const Report& report);
// One row a figure; RFC 4180, full precision. A text cell that a spreadsheet would take for a
// formula gets a leading apostrophe.
std::string report_csv(const Report& report);
// Tables in the paper's layout (booktabs), measured rows below the published ones.
std::string report_latex(const Report& report);
// One test suite a run, one test case a figure: failed where it is worse than the base's, an error
// where there is no score.
std::string report_junit(const Report& report);

// The section of one benchmark of the HTML page.
std::string section_html(const Report& report, const ReportSection& section);
// The colour and letter of a checkpoint, as markup.
std::string letter_html(const Report& report, size_t subject);
std::string letter_html(const std::string& letter, size_t colour);
// "better" as markup with its class; "" where nothing was tested.
std::string verdict_html(const MetricComparison* change);

// Writes each text to its path, each as a whole or not at all; makes the folder. Returns the paths.
std::vector<std::filesystem::path> write_formats(
    FileSystem& files, const std::filesystem::path& out_dir,
    const std::vector<std::pair<std::filesystem::path, std::string>>& made);

// The sample browser: controls and list as markup, rows as data for assets/runs.js.
struct RunsTable {
  std::string markup;
  Json data;
  Json pictures;  // position of the image -> base64 JPEG
};
RunsTable runs_table(const Report& report, const RunsReportOptions& options);

}  // namespace vigor::reports
