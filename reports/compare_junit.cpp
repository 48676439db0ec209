#include <fmt/format.h>

#include "reports/compare_formats.h"
#include "reports/page.h"

namespace vigor::reports {
namespace {

struct Case {
  std::string name, text;
  const char* element = "";  // "failure", "error", "skipped", "" passes
};

}  // namespace

std::string compare_junit(const Comparison& comparison, const GateResult* gate) {
  std::vector<Case> cases;
  if (gate != nullptr) {
    for (const RuleResult& result : gate->rules) {
      cases.push_back({result.metric.key, rule_sentence(result),
                       result.outcome == GateOutcome::kRegression     ? "failure"
                       : result.outcome == GateOutcome::kInconclusive ? "error"
                                                                      : ""});
    }
  } else {
    for (const MetricComparison& one : comparison.metrics) {
      std::string text = std::string(verdict_name(one.verdict));
      if (one.difference) text += ": " + difference_text(one.metric, *one.difference);
      if (!one.reason.empty()) text += ": " + one.reason;
      cases.push_back({one.metric.key, text,
                       one.verdict == Verdict::kWorse      ? "failure"
                       : one.verdict == Verdict::kUntested ? "skipped"
                                                           : ""});
    }
  }
  const auto number = [&](std::string_view element) {
    size_t found = 0;
    for (const Case& one : cases) found += one.element == element;
    return found;
  };
  // The escapes of html_text() are those of XML, and it leaves no control character.
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"vigor-eval "
      "compare {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
      html_text(comparison.benchmark), cases.size(), number("failure"), number("error"),
      number("skipped"));
  for (const Case& one : cases) {
    out += fmt::format("<testcase classname=\"{}.{}\" name=\"{}\"", html_text(comparison.benchmark),
                       html_text(comparison.candidate.name), html_text(one.name));
    if (*one.element == '\0') {
      out += ">\n<system-out>" + html_text(one.text) + "</system-out>\n</testcase>\n";
    } else {
      out +=
          fmt::format(">\n<{} message=\"{}\"/>\n</testcase>\n", one.element, html_text(one.text));
    }
  }
  return out + "</testsuite>\n</testsuites>\n";
}

}  // namespace vigor::reports
