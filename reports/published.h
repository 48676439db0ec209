// The paper's Tables 1 to 5 (data/published.json, embedded at build time), and measured runs set
// beside them in the paper's own layout. Published figures are never counted as measured ones.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reports/report_content.h"

namespace vigor::reports {

struct PublishedColumn {
  std::string key;    // of the metric in a run: "random.accuracy"
  std::string group;  // heading over several columns, or ""
  std::string head;   // as the paper abbreviates it: "AC"
  std::string name;   // in full
};
struct PublishedRow {
  std::string method;
  std::vector<std::string> described;  // by PublishedTable::described_by; "" where not printed
  std::map<std::string, double> values;
};
struct PublishedTable {
  std::string id;  // "3" is the paper's Table 3
  std::string benchmark, title;
  std::string measured_with;              // judge and pictures of these rows; "" where they are the
                                          // benchmark's own
  std::vector<std::string> described_by;  // headings of the columns that say what a method is
  std::vector<PublishedColumn> columns;
  std::vector<PublishedRow> rows;
  std::vector<std::string> notes;
};
struct Published {
  std::string source;  // "Yan et al., ViGoR: ..., ECCV 2024"
  std::vector<PublishedTable> tables;
};

// Throws Error naming the key when `text` is not of the form that docs/format-report.md describes.
Published parse_published(std::string_view text, const std::string& where);
// The one that the program ships.
const Published& published();

// Model of the judge whose verdicts a run's figures are, in letters that need no escaping anywhere,
// at most 60; "" when there is none.
std::string judge_name(const RunView& run);
// "scenes-truth, 100 pictures": what measured figures of a judged benchmark are of; "" for others.
std::string measured_with(const RunView& run);

// One of the paper's tables, its rows first, then a row for each run of `section`.
struct PaperRow {
  bool measured = false;
  size_t subject = 0;  // of a measured row
  std::string method;  // a measured one is untrusted text
  std::vector<std::string> described;
  std::vector<std::string> cells;  // by columns; "-" where there is no figure
};
struct PaperTable {
  std::string id, title;
  std::vector<std::string> described_by;
  std::vector<PublishedColumn> columns;
  std::vector<PaperRow> rows;
  std::vector<std::string> notes;  // plain sentences
};
// The tables of the section's benchmark of which at least one column was measured.
std::vector<PaperTable> paper_tables(const Report& report, const ReportSection& section);

}  // namespace vigor::reports
