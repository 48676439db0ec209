#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "reports/pope_formats.h"

namespace vigor::reports {
namespace {

// 9,000
std::string grouped(int64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string why_no_score(const PopeRun& run) {
  for (const Json* block : {&average_block(run), &run.metrics}) {
    const std::string reason = figure(*block, "accuracy").reason;
    if (!reason.empty()) return reason;
  }
  for (const std::string& split : run.splits) {
    const std::string reason = figure(split_block(run, split), "accuracy").reason;
    if (!reason.empty()) return split + ": " + reason;
  }
  return "metrics.json holds no accuracy";
}

// "It says "yes" too often: 62.2 % of the time, where 50.0 % would be right". Two points are about
// what 500 images can tell apart.
std::string lean(const PopeRun& run, const Totals& sum) {
  const Figure said = figure(average_block(run), "yes_ratio");
  const auto truth = sum.present_share();
  if (!said.value || !truth) return "";
  const double points = (*said.value - *truth) * 100;
  if (std::abs(points) < 2) return "Its share of \"yes\" answers is about right";
  if (said.low && said.high && *said.low <= *truth && *truth <= *said.high)
    return "Too few answers to tell whether it leans to \"yes\" or \"no\"";
  return fmt::format("It says \"{}\" too often: {} of the time, where {} would be right",
                     points > 0 ? "yes" : "no", percent(points > 0 ? *said.value : 1 - *said.value),
                     percent(points > 0 ? *truth : 1 - *truth));
}

}  // namespace

std::string run_letter(size_t index) {
  return index < 26 ? std::string(1, static_cast<char>('A' + index))
                    : fmt::format("R{}", index + 1);
}

Headline pope_headline(const std::vector<PopeRun>& runs) {
  if (runs.size() == 1) {
    const PopeRun& run = runs.front();
    const Totals sum = totals(run.metrics);
    const Figure accuracy = figure(average_block(run), "accuracy");
    const auto alarms = sum.false_alarms();
    if (!accuracy.value || !alarms) {
      return {"No score for this run", "The reason: " + why_no_score(run) + "."};
    }
    const double hundred = *alarms * 100;
    // Rounding must not turn a few into none.
    const std::string many = sum.fp == 0                  ? "none"
                             : hundred < 1                ? "fewer than 1"
                             : hundred > 99 && sum.tn > 0 ? "more than 99"
                                                          : fmt::format("{:.0f}", hundred);
    Headline headline{many + " of 100 objects that are not in the picture are reported as seen",
                      ""};
    headline.title[0] =
        static_cast<char>(std::toupper(static_cast<unsigned char>(headline.title[0])));
    headline.lead = fmt::format("Right on {} of the questions", percent(accuracy.value));
    if (sum.questions > 0) {
      const int64_t read = sum.tp + sum.fp + sum.tn + sum.fn;
      const std::string part = read < sum.questions ? grouped(read) + " that were read, of " : "";
      headline.lead += fmt::format(" ({}{} in {} split{})", part, grouped(sum.questions),
                                   run.splits.size(), run.splits.size() == 1 ? "" : "s");
    }
    const std::string leaning = lean(run, sum);
    headline.lead += leaning.empty() ? "." : ". " + leaning + ".";
    return headline;
  }
  Headline headline;
  headline.title = fmt::format("{} runs", runs.size());
  double low = 1, high = 0;
  std::string lead;
  size_t scored = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Figure accuracy = figure(average_block(runs[i]), "accuracy");
    const auto alarms = totals(runs[i].metrics).false_alarms();
    lead += fmt::format("{}{}: {}", i == 0 ? "" : "; ", run_letter(i),
                        accuracy.value ? percent(accuracy.value) + " right" : "no score");
    if (accuracy.value && alarms)
      lead += fmt::format(", {} of absent objects reported", percent(alarms));
    if (!accuracy.value) continue;
    ++scored;
    low = std::min(low, *accuracy.value);
    high = std::max(high, *accuracy.value);
  }
  if (scored == 2 && runs.size() == 2) {
    headline.title = fmt::format("Right on {} (A) and {} (B) of the questions",
                                 percent(figure(average_block(runs[0]), "accuracy").value),
                                 percent(figure(average_block(runs[1]), "accuracy").value));
  } else if (scored > 0) {
    headline.title = fmt::format("{} runs, right on {} to {} of the questions", runs.size(),
                                 percent(low), percent(high));
  }
  headline.lead = lead + ".";
  return headline;
}

}  // namespace vigor::reports
