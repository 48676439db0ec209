// The table of samples of the HTML report: its controls as markup, its rows as data for the script.
#pragma once

#include <string>
#include <vector>

#include "reports/pope_report.h"
#include "reports/pope_run.h"

namespace vigor::reports {

struct SampleTable {
  std::string markup;
  // {"group", "runs": [name], "splits": [name], "images": [name], "thumbnails": {"0": base64 JPEG},
  //  "rows": [[run, split, question_id, image, question, label, status, answer, decision, correct,
  //            margin, finish, error]]}; run, split and image are positions in the lists.
  Json data;
};

// What the page calls the groups of questions, and a wrong "yes".
struct SampleWords {
  const char* group = "Split";
  const char* wrong_yes = "Hallucinated";
};

SampleTable sample_table(const std::vector<PopeRun>& runs, const ReportOptions& options,
                         const SampleWords& words = {});

}  // namespace vigor::reports
