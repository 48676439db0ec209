#include <fmt/format.h>

#include "reports/markdown.h"
#include "reports/mme_run.h"
#include "reports/pope_formats.h"

namespace vigor::reports {
namespace {

void figures_table(std::string& out, const Json& metrics) {
  out += "| task | score | acc | acc+ | pictures | other |\n|---|--:|--:|--:|--:|--:|\n";
  const auto with_interval = [](const std::string& value, const std::string& interval) {
    return " | " + value + (interval.empty() ? "" : " <sub>" + interval + "</sub>");
  };
  for (const std::string& task : task_names(metrics)) {
    const Json& block = task_block(metrics, task);
    const Figure score = figure(block, "score"), acc = figure(block, "acc"),
                 plus = figure(block, "acc_plus");
    out += "| " + code_span(task, 40) + with_interval(points(score, 2), points_interval(score)) +
           with_interval(percent(acc.value, 2), interval_text(acc)) +
           with_interval(percent(plus.value, 2), interval_text(plus)) +
           fmt::format(" | {} | {} |\n", count(block, "images"), count(block, "other"));
  }
  for (const char* group : {"perception", "cognition"}) {
    const Figure sum = figure(metrics, group);
    out += std::string("| **") + group + "**" +
           with_interval(points(sum, 2), points_interval(sum)) + " | | | | |\n";
  }
  out += "\nScores of 200 a task; 95 % intervals clustered by image.\n\n";
}

}  // namespace

std::string mme_markdown(const PopeRun& run, const ReportOptions& options) {
  const MmeHeadline headline = mme_headline(run.metrics);
  std::string out = "### MME: " + headline.title + "\n\nModel " + code_span(run.name) +
                    ", dialect " + code_span(text_at(run.metrics, "dialect"), 40) + "\n\n";
  // The reason of a withheld score may quote the outside.
  out +=
      (headline.lead.starts_with("The reason: ") ? code_span(headline.lead, 400) : headline.lead) +
      "\n\n";
  const std::vector<std::string> notes = mme_notes(run.metrics);
  if (!notes.empty()) out += "> **Note**\n";
  for (const std::string& note : notes) out += "> - " + code_span(note, 400) + "\n";
  if (!notes.empty()) out += "\n";
  figures_table(out, run.metrics);
  for (const std::string& block :
       {wrong_answers_markdown(run, options, ""), settings_markdown(run, "")}) {
    if (out.size() + block.size() < kMarkdownLimit) out += block;
  }
  return out;
}

}  // namespace vigor::reports
