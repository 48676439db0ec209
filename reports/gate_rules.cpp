// The rules of a gate as a file has them: what is read from outside, without statistics.
#include <cmath>

#include "reports/gate.h"

namespace vigor::reports {
namespace {

using Direction = GateRule::Direction;

constexpr std::pair<const char*, Direction> kDirections[] = {
    {"higher", Direction::kHigher}, {"lower", Direction::kLower}, {"either", Direction::kEither}};

Error wrong(const std::string& what, const std::string& where, const std::string& fix) {
  return Error({.what = what, .where = where, .fix = fix, .exit_code = ExitCode::kUsage});
}

Direction parse_direction(const std::string& text, const std::string& where) {
  std::vector<std::string> known;
  for (const auto& [name, direction] : kDirections) {
    if (text == name) return direction;
    known.push_back(name);
  }
  const std::string nearest = nearest_name(text, known);
  throw wrong("key 'direction' is '" + printable(text) + "'", where,
              nearest.empty() ? "write higher, lower or either" : "did you mean " + nearest + "?");
}

double parse_level(ObjectReader& reader, double fallback) {
  const double level = reader.get<double>("level", fallback);
  if (!(level > 0) || level > 0.5) {
    throw wrong("key 'level' must be above 0 and at most 0.5", reader.where(),
                "0.05 lets one harmless night in twenty fail");
  }
  return level;
}

GateRule parse_rule(const Json& row, const std::string& where, double level) {
  ObjectReader reader(row, where);
  GateRule rule;
  rule.metric = reader.require<std::string>("metric");
  rule.benchmark = reader.get<std::string>("benchmark", "");
  if (const auto text = reader.get<std::string>("direction", ""); !text.empty()) {
    rule.direction = parse_direction(text, where);
  }
  rule.allowed_drop = reader.require<double>("allowed_drop");
  if (!(rule.allowed_drop >= 0) || !std::isfinite(rule.allowed_drop)) {
    throw wrong("key 'allowed_drop' must be 0 or more", where,
                "it is a size; 'direction' says which way is worse");
  }
  rule.level = parse_level(reader, level);
  reader.reject_unknown();
  return rule;
}

}  // namespace

const char* outcome_name(GateOutcome outcome) {
  switch (outcome) {
    case GateOutcome::kPass:
      return "pass";
    case GateOutcome::kRegression:
      return "regression";
    default:
      return "inconclusive";
  }
}

ExitCode exit_code(GateOutcome outcome) {
  switch (outcome) {
    case GateOutcome::kPass:
      return ExitCode::kDone;
    case GateOutcome::kRegression:
      return ExitCode::kRegression;
    default:
      return ExitCode::kInconclusive;
  }
}

GateOutcome worse(GateOutcome a, GateOutcome b) {
  for (const GateOutcome one : {GateOutcome::kRegression, GateOutcome::kInconclusive}) {
    if (a == one || b == one) return one;
  }
  return GateOutcome::kPass;
}

Gate parse_gate(const Json& document, const std::string& where) {
  ObjectReader reader(document, where);
  Gate gate;
  gate.power = reader.get<double>("power", gate.power);
  if (!(gate.power > 0 && gate.power < 1)) {
    throw wrong("key 'power' must be between 0 and 1", where, "0.8 is customary");
  }
  const double level = parse_level(reader, GateRule{}.level);
  const Json* rules = reader.find("rules");
  reader.reject_unknown();
  if (rules == nullptr || !rules->is_array() || rules->empty()) {
    throw wrong("key 'rules' must be a list of at least one rule", where,
                "write {\"rules\": [{\"metric\": \"average.f1\", \"allowed_drop\": 0.01}]}");
  }
  for (size_t i = 0; i < rules->size(); ++i) {
    gate.rules.push_back(parse_rule((*rules)[i], where + ": rule " + std::to_string(i + 1), level));
  }
  return gate;
}

Gate read_gate(const std::filesystem::path& path) {
  return parse_gate(read_json_file(path), printable(path.string()));
}

}  // namespace vigor::reports
