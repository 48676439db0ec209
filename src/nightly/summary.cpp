// What a night says, as Markdown, JUnit XML and text.
#include <cstdio>

#include "nightly/nightly.h"
#include "reports/markdown.h"
#include "reports/page.h"

namespace vigor::nightly {
namespace {

using reports::code_span;
using reports::html_text;

std::string number(const NightFigure& figure, const std::optional<double>& value) {
  if (!value) return "-";
  char text[48];
  if (figure.unit == "share") {
    std::snprintf(text, sizeof text, "%.2f %%", *value * 100);
  } else {
    std::snprintf(text, sizeof text, figure.unit == "points" ? "%.1f" : "%.2f", *value);
  }
  return text;
}

std::string headline(const Night& night) {
  std::string out = "Night " + night.id + ": " + outcome_name(night.outcome);
  if (night.outcome == Outcome::kPass && night.reference.empty()) {
    out += " (the first: nothing to compare with yet)";
  }
  if (night.by_hand) out += ", accepted by hand";
  return out;
}

const char* element(const NightRule& rule) {
  return rule.outcome == reports::GateOutcome::kRegression     ? "failure"
         : rule.outcome == reports::GateOutcome::kInconclusive ? "error"
                                                               : "";
}

}  // namespace

std::string night_text(const Night& night) {
  std::string out = headline(night) + "\n";
  if (!night.reference.empty()) out += "compared with night " + night.reference + "\n";
  for (const NightJob& job : night.jobs) {
    out += "\n" + printable(job.name) + (job.reused ? " (unchanged: " + job.run + ")" : "") + "\n";
    if (!job.error.empty()) out += "  " + printable(job.error) + "\n";
    for (const NightFigure& figure : job.figures) {
      if (!figure.headline) continue;
      out += "  " + printable(figure.title) + ": " + number(figure, figure.value);
      if (figure.low) {
        out += " (" + number(figure, figure.low) + " to " + number(figure, figure.high) + ")";
      }
      if (!figure.reason.empty()) out += " " + printable(figure.reason);
      out += "\n";
    }
    for (const NightRule& rule : job.rules) {
      out += std::string("  ") + reports::outcome_name(rule.outcome) + " against " + rule.against +
             ": " + rule.sentence + "\n";
    }
  }
  return out;
}

std::string night_markdown(const Night& night) {
  std::string out = "## " + headline(night) + "\n\n";
  if (!night.reference.empty()) {
    out += "Compared with " + code_span(night.reference, 40) + ", the last accepted night.\n\n";
  }
  out += "| benchmark | figure | value | 95 % interval |\n|---|---|--:|--:|\n";
  for (const NightJob& job : night.jobs) {
    for (const NightFigure& figure : job.figures) {
      if (!figure.headline) continue;
      out += "| " + code_span(job.name, 40) + " | " + code_span(figure.title, 60) + " | " +
             number(figure, figure.value) + " | " +
             (figure.low ? number(figure, figure.low) + " to " + number(figure, figure.high)
                         : std::string("-")) +
             " |\n";
    }
  }
  out += "\n| gate | benchmark | against | rule |\n|---|---|---|---|\n";
  for (const NightJob& job : night.jobs) {
    if (!job.error.empty()) {
      out += "| **error** | " + code_span(job.name, 40) + " | - | " + code_span(job.error, 400) +
             " |\n";
    }
    for (const NightRule& rule : job.rules) {
      const bool passed = rule.outcome == reports::GateOutcome::kPass;
      out += std::string("| ") + (passed ? "" : "**") + reports::outcome_name(rule.outcome) +
             (passed ? "" : "**") + " | " + code_span(job.name, 40) + " | " +
             code_span(rule.against, 20) + " | " + code_span(rule.sentence, 300) + " |\n";
    }
    if (out.size() > reports::kMarkdownLimit) return out + "\nMore is in `night.json`.\n";
  }
  return out;
}

std::string night_junit(const Night& night) {
  size_t tests = 0, failures = 0, errors = 0;
  std::string cases;
  const auto add = [&](const NightJob& job, const std::string& name, const std::string& kind,
                       const std::string& text) {
    ++tests;
    failures += kind == "failure";
    errors += kind == "error";
    cases +=
        "<testcase classname=\"" + html_text(job.name) + "\" name=\"" + html_text(name) + "\">\n";
    cases += kind.empty() ? "<system-out>" + html_text(text) + "</system-out>\n"
                          : "<" + kind + " message=\"" + html_text(text) + "\"/>\n";
    cases += "</testcase>\n";
  };
  for (const NightJob& job : night.jobs) {
    if (!job.error.empty() || job.run.empty()) add(job, "evaluation", "error", job.error);
    for (const NightRule& rule : job.rules) {
      add(job, rule.metric + " against " + rule.against, element(rule), rule.sentence);
    }
    if (job.rules.empty() && job.error.empty()) {
      add(job, "evaluation", "", "nothing to compare with yet");
    }
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite "
         "name=\"vigor-eval nightly " +
         html_text(night.id) + "\" tests=\"" + std::to_string(tests) + "\" failures=\"" +
         std::to_string(failures) + "\" errors=\"" + std::to_string(errors) + "\">\n" + cases +
         "</testsuite>\n</testsuites>\n";
}

}  // namespace vigor::nightly
