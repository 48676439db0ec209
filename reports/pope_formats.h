// The writers behind write_pope_report, one a format. A new format is one file and one line here.
#pragma once

#include <string>
#include <vector>

#include "reports/drawing.h"
#include "reports/pope_report.h"
#include "reports/pope_run.h"

namespace vigor::reports {

// report.html: one self-contained page, with pictures that `options` has room for.
std::string pope_html(const std::vector<PopeRun>& runs, const ReportOptions& options);

// report.md: fits a comment on a pull request (below 65,536 characters on GitHub).
std::string pope_markdown(const std::vector<PopeRun>& runs, const ReportOptions& options);

// The two sentences that stand above everything, as plain text. They state what the counts say and
// no more: whether two runs differ is for a paired test to say.
struct Headline {
  std::string title;
  std::string lead;
};
Headline pope_headline(const std::vector<PopeRun>& runs);

// Sections of the page that other yes/no benchmarks have, too; "" when there is nothing to show.
std::string speed_section(const std::vector<PopeRun>& runs);
// Folded lists for report.md; `who` stands before their titles.
std::string wrong_answers_markdown(const PopeRun& run, const ReportOptions& options,
                                   const std::string& who);
std::string settings_markdown(const PopeRun& run, const std::string& who);
// The bins of "calibration" that hold answers.
std::vector<ReliabilityPoint> reliability_points(const Json& calibration);

// "A", "B", ... for several runs.
std::string run_letter(size_t index);

}  // namespace vigor::reports
