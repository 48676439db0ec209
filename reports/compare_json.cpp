#include "reports/compare_formats.h"

namespace vigor::reports {
Json interval_json(const std::optional<statistics::Interval>& interval) {
  return interval ? Json::array({interval->low, interval->high}) : Json();
}

const char* unit_key(Unit unit) {
  switch (unit) {
    case Unit::kShare:
      return "share";
    case Unit::kPoints:
      return "points";
    case Unit::kRating:
      return "rating";
    case Unit::kRank:
      break;
  }
  return "rank";
}

const char* better_key(Better better) {
  return better == Better::kHigher ? "higher" : better == Better::kLower ? "lower" : "neither";
}

namespace {

Json run_json(const ComparedRun& run) {
  Json out = {{"name", run.name},
              {"folder", run.folder},
              {"complete", run.complete},
              {"seeds", run.seeds},
              {"counts",
               {{"scored", run.scored},
                {"unparsed", run.unparsed},
                {"failed", run.failed},
                {"unjudged", run.unjudged}}}};
  if (!run.candidate.empty()) out["candidate"] = run.candidate;
  if (!run.withheld.empty()) out["withheld"] = run.withheld;
  return out;
}

Json metric_json(const MetricComparison& one) {
  const RunMetric& metric = one.metric;
  Json out = {{"key", metric.key},
              {"title", metric.title},
              {"unit", unit_key(metric.unit)},
              {"better", better_key(metric.better)},
              {"headline", metric.headline},
              {"base", or_null(metric.value)},
              {"base_ci95", interval_json(metric.interval)},
              {"candidate", or_null(one.candidate)},
              {"candidate_ci95", interval_json(one.candidate_interval)},
              {"difference", or_null(one.difference)},
              {"interval", interval_json(one.interval)},
              {"p", or_null(one.p)},
              {"p_holm", or_null(one.p_holm)},
              {"mdd", or_null(one.mdd)},
              {"verdict", verdict_name(one.verdict)}};
  if (one.p) {
    out["standard_error"] = one.standard_error;
    out["degrees_of_freedom"] = one.degrees_of_freedom;
    out["images"] = one.clusters;
  }
  if (one.bootstrap) out["bootstrap"] = interval_json(one.bootstrap);
  if (!one.base_seeds.empty()) out["base_seeds"] = one.base_seeds;
  if (!one.candidate_seeds.empty()) out["candidate_seeds"] = one.candidate_seeds;
  if (!one.reason.empty()) out["reason"] = one.reason;
  return out;
}

Json flip_json(const Flip& flip) {
  return {{"kind", flip_name(flip.kind)},
          {"id", flip.id},
          {"image", flip.image},
          {"group", flip.group},
          {"question", flip.question},
          {"label", flip.label},
          {"base_answer", flip.base_answer},
          {"candidate_answer", flip.candidate_answer},
          {"base_outcome", flip.base_outcome},
          {"candidate_outcome", flip.candidate_outcome},
          {"change", flip.change},
          {"margin_change", or_null(flip.margin)}};
}

const char* direction_name(const RuleResult& result) {
  switch (result.rule.direction) {
    case GateRule::Direction::kHigher:
      return "higher";
    case GateRule::Direction::kLower:
      return "lower";
    case GateRule::Direction::kEither:
      return "either";
    default:
      return better_key(result.metric.better);
  }
}

Json rule_json(const RuleResult& result) {
  Json out = {
      {"metric", result.rule.metric},
      {"direction", direction_name(result)},
      {"allowed_drop", result.rule.allowed_drop},
      {"level", result.rule.level},
      {"outcome", outcome_name(result.outcome)},
      {"base", or_null(result.base)},
      {"candidate", or_null(result.candidate)},
      {"drop", or_null(result.drop)},
      {"bounds", interval_json(result.bounds)},
      {"p_regression", or_null(result.p_regression)},
      {"p_holm", or_null(result.p_holm)},
      {"p_pass", or_null(result.p_pass)},
      {"mdd", or_null(result.mdd)},
      {"images", result.clusters},
      {"images_needed", result.clusters_needed == 0 ? Json() : Json(result.clusters_needed)},
      {"sentence", rule_sentence(result)}};
  if (!result.reason.empty()) out["reason"] = result.reason;
  return out;
}

}  // namespace

Json compare_json(const Comparison& comparison, const GateResult* gate) {
  Json out = {{"benchmark", comparison.benchmark},
              {"dialect", comparison.dialect},
              {"headline", compare_headline(comparison, gate)},
              {"base", run_json(comparison.base)},
              {"candidate", run_json(comparison.candidate)},
              {"images", comparison.clusters},
              {"paired_samples", comparison.paired},
              {"level", comparison.options.level},
              {"power", comparison.options.power},
              {"resamples", comparison.options.resamples},
              {"forced", !comparison.incomparable.empty()},
              {"incomparable", comparison.incomparable},
              {"notes", comparison.notes},
              {"metrics", Json::array()},
              {"mcnemar", Json::array()},
              {"flips",
               {{"regressed", comparison.regressed},
                {"lost", comparison.lost},
                {"improved", comparison.improved},
                {"gained", comparison.gained},
                {"samples", Json::array()}}},
              {"gate", Json()}};
  for (const MetricComparison& one : comparison.metrics) out["metrics"].push_back(metric_json(one));
  for (const McNemar& one : comparison.mcnemar) {
    out["mcnemar"].push_back({{"group", one.group},
                              {"both_right", one.both},
                              {"neither_right", one.neither},
                              {"only_base", one.only_base},
                              {"only_candidate", one.only_candidate},
                              {"p", one.p}});
  }
  for (const Flip& flip : comparison.flips) out["flips"]["samples"].push_back(flip_json(flip));
  if (gate != nullptr) {
    Json rules = Json::array();
    for (const RuleResult& result : gate->rules) rules.push_back(rule_json(result));
    out["gate"] = {{"outcome", outcome_name(gate->outcome)},
                   {"exit_code", static_cast<int>(exit_code(gate->outcome))},
                   {"power", gate->power},
                   {"rules", std::move(rules)},
                   {"skipped", gate->skipped}};
  }
  return out;
}

}  // namespace vigor::reports
