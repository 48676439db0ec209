// The writers behind write_ranking_report, one a format.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace vigor::reports {

// A ranking run folder, read for the reports.
struct RankingRun {
  std::string name;   // of the folder
  std::string judge;  // its model
  Json run;           // run.json
  Json metrics;       // metrics.json
  std::vector<Json> samples;
  std::vector<std::string> candidates;
};

struct RankingHeadline {
  std::string title, lead;  // plain text
};
// Says who is best, and no more than the tests do: whether the next one differs is in the lead.
RankingHeadline ranking_headline(const RankingRun& run);

// What must be known before the figures are read: missing judgements, reasons, warnings.
std::vector<std::string> ranking_notes(const Json& metrics);

// "HL" ... "DL", "average".
const std::vector<std::string>& ranking_columns();

std::string ranking_html(const RankingRun& run);
std::string ranking_markdown(const RankingRun& run);

}  // namespace vigor::reports
