// An MME run folder, read for the reports, and the writers of its formats.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reports/mme_report.h"
#include "reports/pope_run.h"

namespace vigor::reports {

// The structure of a POPE run, so that tables and pictures are made by the same code: its splits
// are the tasks, a sample's question_id is its pair. Throws Error naming the file and the key when
// `folder` is not a finished MME run.
PopeRun read_mme_run(const std::filesystem::path& folder);

std::string mme_html(const PopeRun& run, const ReportOptions& options);
std::string mme_markdown(const PopeRun& run, const ReportOptions& options);

// The block of one task.
const Json& task_block(const Json& metrics, const std::string& task);
std::vector<std::string> task_names(const Json& metrics);

// A score: "1531.3"; "-" when there is none. Its interval: "1490.2 to 1570.9"; "".
std::string points(const Figure& figure, int decimals = 1);
std::string points_interval(const Figure& figure);
// "1 task", "4 tasks".
std::string task_count(int64_t tasks);

// What stands above everything, as plain text.
struct MmeHeadline {
  std::string title;
  std::string lead;
};
MmeHeadline mme_headline(const Json& metrics);

// Sentences to read before the figures: not complete, counts, reasons, warnings.
std::vector<std::string> mme_notes(const Json& metrics);

// Right and asked questions, and answers that are neither yes nor no, over all tasks.
struct MmeTotals {
  int64_t right = 0, questions = 0, other = 0;
};
MmeTotals mme_totals(const Json& metrics);

}  // namespace vigor::reports
