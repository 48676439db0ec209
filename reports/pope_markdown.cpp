#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/markdown.h"
#include "reports/pope_formats.h"

namespace vigor::reports {
namespace {

std::string percent_cell(const Figure& figure) {
  if (!figure.value) return "\xE2\x80\x93";
  std::string text = fmt::format("{:.2f}", *figure.value * 100);
  if (figure.low && figure.high) {
    text +=
        fmt::format(" <sub>{:.1f}\xE2\x80\x93{:.1f}</sub>", *figure.low * 100, *figure.high * 100);
  }
  return text;
}

void figures_table(std::string& out, const std::vector<PopeRun>& runs,
                   const std::vector<std::string>& splits) {
  const bool several = runs.size() > 1;
  out += several ? "| split | run " : "| split ";
  out += "| accuracy | precision | recall | F1 | yes ratio | TP | FP | TN | FN |\n";
  out += several ? "|---|---" : "|---";
  out += "|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  const auto line = [&](const std::string& name, size_t run, const Json& block, bool counts) {
    out += "| " + name + (several ? " | " + run_letter(run) : "");
    for (const char* key : {"accuracy", "precision", "recall", "f1", "yes_ratio"}) {
      out += " | " + percent_cell(figure(block, key));
    }
    for (const char* key : {"tp", "fp", "tn", "fn"}) {
      out += counts ? fmt::format(" | {}", count(block, key)) : " | ";
    }
    out += " |\n";
  };
  for (const std::string& split : splits) {
    for (size_t i = 0; i < runs.size(); ++i) {
      const Json& block = split_block(runs[i], split);
      if (block.is_object()) line(code_span(split, 40), i, block, true);
    }
  }
  if (splits.size() > 1) {
    for (size_t i = 0; i < runs.size(); ++i) {
      line("**average**", i, average_block(runs[i]), false);
    }
  }
  out += "\nPercent; below each its 95 % interval, clustered by image.\n\n";
}

void notes(std::string& out, const std::vector<PopeRun>& runs) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string who = runs.size() > 1 ? run_letter(i) + ": " : "";
    if (runs[i].metrics.value("complete", Json(true)) == false) {
      lines.push_back(who + "not complete: these figures are not of all questions");
    }
    const Totals sum = totals(runs[i].metrics);
    if (sum.unparsed + sum.failed + sum.unjudged > 0) {
      lines.push_back(fmt::format("{}{} scored, {} unparsed, {} failed, {} unjudged", who,
                                  sum.scored, sum.unparsed, sum.failed, sum.unjudged));
    }
    for (const auto& [what, reason] : score_reasons(runs[i].metrics)) {
      lines.push_back(who + "not computed: " + code_span(what, 40) + ": " + code_span(reason, 400));
    }
    const Json warnings = runs[i].metrics.value("warnings", Json::array());
    for (const Json& warning : warnings) {
      if (warning.is_string()) lines.push_back(who + code_span(warning.get<std::string>(), 400));
    }
  }
  for (const std::string& difference : incomparable(runs)) {
    lines.push_back("not comparable, settings differ: " + code_span(difference, 400));
  }
  if (lines.empty()) return;
  out += "> **Note**\n";
  for (const std::string& line : lines) out += "> - " + line + "\n";
  out += "\n";
}

void add_block(std::string& out, const std::string& block) {
  if (out.size() + block.size() < kMarkdownLimit) out += block;
}

}  // namespace

std::string wrong_answers_markdown(const PopeRun& run, const ReportOptions& options,
                                   const std::string& who) {
  std::vector<const PopeSample*> wrong;
  for (const PopeSample& sample : run.samples) {
    if (sample.wrong()) wrong.push_back(&sample);
  }
  if (wrong.empty() || options.markdown_examples == 0) return "";
  const size_t all = wrong.size();
  // The surest mistakes say most; without margins the order of the file stands.
  std::stable_sort(wrong.begin(), wrong.end(), [](const PopeSample* a, const PopeSample* b) {
    return std::abs(a->margin.value_or(0)) > std::abs(b->margin.value_or(0));
  });
  if (wrong.size() > options.markdown_examples) wrong.resize(options.markdown_examples);
  std::string block =
      fmt::format("<details><summary>{}{} of {} wrong answers{}</summary>\n\n", who, wrong.size(),
                  all, wrong.front()->margin ? ", the surest first" : "");
  for (const PopeSample* sample : wrong) {
    block += "- " + code_span(sample->question) + " \xE2\x80\x93 truth " +
             code_span(sample->label, 20) + ", said " + code_span(sample->answer);
    if (sample->margin) block += fmt::format(", margin {:+.2f}", *sample->margin);
    block += " (" + code_span(sample->split, 40) + fmt::format(" {}, ", sample->question_id) +
             code_span(sample->image, 100) + ")\n";
  }
  return block + "\n</details>\n\n";
}

std::string settings_markdown(const PopeRun& run, const std::string& who) {
  std::string block = fmt::format("<details><summary>{}settings</summary>\n\n", who);
  for (const auto& [key, value] : flat_settings(run.run)) {
    block += "- " + code_span(key, 80) + ": " + code_span(value, 200) + "\n";
  }
  return block + "\n</details>\n\n";
}

std::string pope_markdown(const std::vector<PopeRun>& runs, const ReportOptions& options) {
  std::vector<const Json*> metrics;
  for (const PopeRun& run : runs) metrics.push_back(&run.metrics);
  const Headline headline = pope_headline(runs);
  std::string out = "### POPE: " + headline.title + "\n\n";
  for (size_t i = 0; i < runs.size(); ++i) {
    out += (runs.size() > 1 ? "- **" + run_letter(i) + "** " : "Model ") + code_span(runs[i].name) +
           ", dialect " + code_span(text_at(runs[i].metrics, "dialect"), 40) + "\n";
  }
  // The reason of a withheld score may quote the outside.
  out +=
      "\n" +
      (headline.lead.starts_with("The reason: ") ? code_span(headline.lead, 400) : headline.lead) +
      "\n\n";
  notes(out, runs);
  figures_table(out, runs, ordered_splits(metrics));
  const auto who = [&](size_t i) { return runs.size() > 1 ? run_letter(i) + ": " : ""; };
  for (size_t i = 0; i < runs.size(); ++i) {
    add_block(out, wrong_answers_markdown(runs[i], options, who(i)));
  }
  for (size_t i = 0; i < runs.size(); ++i) add_block(out, settings_markdown(runs[i], who(i)));
  return out;
}

}  // namespace vigor::reports
