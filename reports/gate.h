// The gate: rules that say how far a figure may drop, and whether a comparison shows that it did.
//
// A rule allows a drop d (in the worse direction) at a level a. With the drop's paired standard
// error (compare.h) two one-sided tests are made:
//   regression    the drop is shown to be larger than d: p < a, adjusted by Holm over the rules, so
//                 that a candidate whose every figure dropped by exactly d fails with probability
//                 <= a;
//   pass          the drop is shown to be smaller than d (p < a): non-inferiority;
//   inconclusive  neither: the questions are too few to tell. Beside it stand the smallest drop
//                 beyond d that would have been found, and how many images would decide.
// The gate is a regression when one rule is, inconclusive when one is and none is a regression,
// else it passes. Answers that are identical everywhere pass any rule. What was not computed
// (withheld, failed, not of the same samples) is inconclusive, never a pass.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "reports/compare.h"

namespace vigor::reports {

enum class GateOutcome { kPass, kRegression, kInconclusive };
// "pass", "regression", "inconclusive".
const char* outcome_name(GateOutcome outcome);
// 0, 3, 4.
ExitCode exit_code(GateOutcome outcome);
// The worse of the two: regression, inconclusive, pass.
GateOutcome worse(GateOutcome a, GateOutcome b);

struct GateRule {
  enum class Direction { kMetric, kHigher, kLower, kEither };
  std::string benchmark{};  // only for runs of this benchmark; "" is every one that has the metric
  std::string metric{};     // RunMetric::key
  // Which way is better: the metric's own, or given; kEither: it must stay, whatever the way.
  Direction direction = Direction::kMetric;
  double allowed_drop = 0;  // in the figure's own unit: shares are fractions of 1 (0 or more)
  double level = 0.05;      // of each one-sided test (0 < level <= 0.5)
};

struct Gate {
  double power = 0.8;  // of the minimum detectable difference (0 < power < 1)
  std::vector<GateRule> rules;
};

// {"power", "level" (of rules without one), "rules": [{"metric", "direction": "higher" | "lower" |
// "either", "allowed_drop", "level", "benchmark"}]}. Throws Error (usage) naming file and key; an
// unknown key is an error.
Gate read_gate(const std::filesystem::path& path);
Gate parse_gate(const Json& document, const std::string& where);

struct RuleResult {
  GateRule rule;
  RunMetric metric;  // of BASE, without terms; only the key is set when the run has no such figure
  GateOutcome outcome = GateOutcome::kInconclusive;
  std::string reason;  // why it could not be tested; ""
  std::optional<double> base, candidate;
  std::optional<double> drop;                  // above 0 is worse
  std::optional<statistics::Interval> bounds;  // of the drop: each side at the rule's level
  std::optional<double> p_regression, p_holm;  // "the drop is at most what is allowed"
  std::optional<double> p_pass;                // "the drop is at least what is allowed"
  std::optional<double> mdd;   // smallest drop that is found with the gate's power: d + ...
  size_t clusters = 0;         // images
  size_t clusters_needed = 0;  // images with which no change at all would pass with the gate's
                               // power; 0: no number would (allowed_drop is 0)
};

struct GateResult {
  GateOutcome outcome = GateOutcome::kInconclusive;
  double power = 0.8;
  std::vector<RuleResult> rules;     // those that apply
  std::vector<std::string> skipped;  // metrics of rules of other benchmarks
};

// Throws Error (usage) when no rule is for this benchmark.
GateResult apply_gate(const Gate& gate, const Comparison& comparison);
// Several comparisons decided together (a night's benchmarks, against two references): Holm's
// family is the rules of all of them, so that the level is that of the whole night. A comparison
// that no rule is for has a result without rules, which passes; throws when none has one.
std::vector<GateResult> apply_gates(const Gate& gate,
                                    const std::vector<const Comparison*>& comparisons);

// One sentence of plain text: "average.f1 dropped by 3.1 pt (at least 2.2), 1 is allowed".
std::string rule_sentence(const RuleResult& result);

}  // namespace vigor::reports
