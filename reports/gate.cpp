#include "reports/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/statistics.h"

namespace vigor::reports {
namespace {

using Direction = GateRule::Direction;

Error wrong(const std::string& what, const std::string& where, const std::string& fix) {
  return Error({.what = what, .where = where, .fix = fix, .exit_code = ExitCode::kUsage});
}

// How the drop of one rule is counted: +1 when lower is worse.
double worse_sign(const RuleResult& result) {
  switch (result.rule.direction) {
    case Direction::kHigher:
      return -1;
    case Direction::kLower:
      return 1;
    default:
      return result.metric.better == Better::kLower ? 1 : -1;
  }
}

void test_rule(RuleResult& result, const MetricComparison& compared, double power) {
  const GateRule& rule = result.rule;
  const bool either = rule.direction == Direction::kEither;
  const double se = compared.standard_error, df = compared.degrees_of_freedom;
  const double signed_drop = worse_sign(result) * *compared.difference;
  const double drop = either ? std::abs(signed_drop) : signed_drop;
  result.drop = drop;
  result.clusters = compared.clusters;
  if (compared.verdict == Verdict::kIdentical) {
    result.outcome = GateOutcome::kPass;
    result.bounds = statistics::Interval{0, 0};
    result.p_regression = result.p_holm = 1;
    result.p_pass = 0;
    result.mdd = rule.allowed_drop;
    return;
  }
  const statistics::OneSided sides = statistics::one_sided(drop, rule.allowed_drop, se, df);
  result.p_regression = either ? std::min(1.0, 2 * sides.above) : sides.above;
  // For either way the test at the nearer bound is the larger of the two p values.
  result.p_pass = sides.below;
  const double level = either ? rule.level / 2 : rule.level;
  const double half = statistics::student_t(1 - 2 * level, df) * se;
  result.bounds = statistics::Interval{drop - half, drop + half};
  result.mdd = rule.allowed_drop + statistics::minimum_detectable_difference(se, df, level, power);
  result.clusters_needed =
      statistics::clusters_needed(se, compared.clusters, rule.allowed_drop, rule.level, power);
}

std::string size_text(const RunMetric& metric, double size) {
  std::string text = difference_text(metric, size);
  if (text.starts_with('+')) text = text.substr(1);
  return text;
}

// Throws for a rule whose metric none of the comparisons that it is for has.
void check_metrics(const Gate& gate, const std::vector<const Comparison*>& comparisons) {
  for (const GateRule& rule : gate.rules) {
    std::vector<std::string> known;
    std::string benchmark;
    bool found = false;
    for (const Comparison* comparison : comparisons) {
      if (!rule.benchmark.empty() && rule.benchmark != comparison->benchmark) continue;
      benchmark = comparison->benchmark;
      found = found || comparison->metric(rule.metric) != nullptr;
      for (const MetricComparison& one : comparison->metrics) known.push_back(one.metric.key);
    }
    if (found || known.empty()) continue;
    const std::string nearest = nearest_name(rule.metric, known);
    throw wrong("the gate's metric '" + printable(rule.metric) + "' is none of " + benchmark,
                "gate",
                nearest.empty() ? "vigor-eval compare --json lists the metrics"
                                : "did you mean " + nearest + "?");
  }
}

GateResult test_rules(const Gate& gate, const Comparison& comparison) {
  GateResult out;
  out.power = gate.power;
  for (const GateRule& rule : gate.rules) {
    const bool other = !rule.benchmark.empty() && rule.benchmark != comparison.benchmark;
    if (other) {
      out.skipped.push_back(rule.benchmark + " " + rule.metric);
      continue;
    }
    RuleResult result;
    result.rule = rule;
    result.metric.key = rule.metric;
    const MetricComparison* compared = comparison.metric(rule.metric);
    if (compared == nullptr) {
      // A rule for every benchmark that has the figure; apply_gates() has seen that one does.
      out.skipped.push_back(comparison.benchmark + " " + rule.metric);
      continue;
    }
    result.metric = compared->metric;
    if (result.metric.unit == Unit::kShare && rule.allowed_drop >= 1) {
      throw wrong("key 'allowed_drop' of " + printable(rule.metric) + " is " +
                      dump_json(rule.allowed_drop) + ", and the figure is a fraction of 1",
                  "gate", "write 0.01 for one percentage point");
    }
    if (rule.direction == Direction::kMetric && result.metric.better == Better::kNeither) {
      throw wrong("the metric " + printable(rule.metric) + " is not better high or low", "gate",
                  "give the rule \"direction\": \"either\", or \"higher\" or \"lower\"");
    }
    result.base = compared->metric.value;
    result.candidate = compared->candidate;
    if (compared->p) {
      test_rule(result, *compared, gate.power);
    } else {
      result.reason = compared->reason;
    }
    out.rules.push_back(std::move(result));
  }
  return out;
}

// Outcomes of rules that were tested, in one family of Holm's.
void decide(std::vector<GateResult>& results) {
  std::vector<double> p;
  std::vector<RuleResult*> tested;
  for (GateResult& result : results) {
    for (RuleResult& rule : result.rules) {
      if (!rule.p_regression) continue;
      p.push_back(*rule.p_regression);
      tested.push_back(&rule);
    }
  }
  const std::vector<double> adjusted = statistics::holm(p);
  for (size_t i = 0; i < tested.size(); ++i) {
    RuleResult& rule = *tested[i];
    rule.p_holm = adjusted[i];
    if (adjusted[i] < rule.rule.level) {
      rule.outcome = GateOutcome::kRegression;
    } else if (*rule.p_pass < rule.rule.level) {
      rule.outcome = GateOutcome::kPass;
    }
  }
  for (GateResult& result : results) {
    result.outcome = GateOutcome::kPass;
    for (const RuleResult& rule : result.rules) {
      result.outcome = worse(result.outcome, rule.outcome);
    }
  }
}

}  // namespace

std::vector<GateResult> apply_gates(const Gate& gate,
                                    const std::vector<const Comparison*>& comparisons) {
  check_metrics(gate, comparisons);
  std::vector<GateResult> results;
  std::string benchmarks;
  bool any = false;
  for (const Comparison* comparison : comparisons) {
    results.push_back(test_rules(gate, *comparison));
    any = any || !results.back().rules.empty();
    benchmarks += (benchmarks.empty() ? "" : ", ") + printable(comparison->benchmark);
  }
  if (!any) {
    throw wrong("no rule of the gate is for " + benchmarks, "gate",
                "add one, or leave the gate out");
  }
  decide(results);
  return results;
}

GateResult apply_gate(const Gate& gate, const Comparison& comparison) {
  return std::move(apply_gates(gate, {&comparison}).front());
}

std::string rule_sentence(const RuleResult& result) {
  const std::string name = printable(result.metric.key);
  if (!result.drop) return name + " was not tested: " + printable(result.reason);
  const auto size = [&](double value) { return size_text(result.metric, value); };
  const std::string allowed = size(result.rule.allowed_drop);
  const bool either = result.rule.direction == Direction::kEither;
  const std::string moved =
      *result.drop == 0  ? fmt::format("{} did not change", name)
      : either           ? fmt::format("{} changed by {}", name, size(*result.drop))
      : *result.drop > 0 ? fmt::format("{} dropped by {}", name, size(*result.drop))
                         : fmt::format("{} did not drop ({} better)", name, size(-*result.drop));
  switch (result.outcome) {
    case GateOutcome::kRegression:
      return fmt::format("{}, at least {}; {} is allowed", moved, size(result.bounds->low),
                         allowed);
    case GateOutcome::kPass:
      return fmt::format("{}, at most {}; {} is allowed", moved,
                         size(std::max(0.0, result.bounds->high)), allowed);
    default:
      break;
  }
  std::string out = fmt::format("{}, anything from {} to {}; {} is allowed", moved,
                                size(result.bounds->low), size(result.bounds->high), allowed);
  // The interval is of this rule alone: it may lie beyond what is allowed.
  if (result.p_holm && *result.p_regression < result.rule.level) {
    out += fmt::format(" (p {:.3f} alone, {:.3f} among all rules)", *result.p_regression,
                       *result.p_holm);
  }
  if (result.clusters_needed > result.clusters) {
    out += fmt::format("; {} images would decide instead of {}", result.clusters_needed,
                       result.clusters);
  }
  return out;
}

}  // namespace vigor::reports
