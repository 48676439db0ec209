#include "benchmarks/yes_no/dialect.h"

#include <array>

#include "base/error.h"

namespace vigor::yes_no {
namespace {

struct Name {
  Dialect dialect;
  const char* name;
};
constexpr std::array<Name, 4> kNames{{{Dialect::kOfficial, "official"},
                                      {Dialect::kLmms, "lmms"},
                                      {Dialect::kVlmeval, "vlmeval"},
                                      {Dialect::kStrict, "strict"}}};

}  // namespace

const char* dialect_name(Dialect dialect) {
  for (const Name& entry : kNames) {
    if (entry.dialect == dialect) return entry.name;
  }
  return "unknown";
}

Dialect parse_dialect(const std::string& name) {
  std::vector<std::string> names;
  for (const Name& entry : kNames) {
    if (name == entry.name) return entry.dialect;
    names.emplace_back(entry.name);
  }
  const std::string near = nearest_name(name, names);
  throw Error({.what = "unknown dialect '" + printable(name) + "'",
               .where = "--dialect",
               .fix = near.empty() ? "one of official, lmms, vlmeval, strict"
                                   : "did you mean '" + near + "'?",
               .exit_code = ExitCode::kUsage});
}

std::vector<std::string> dialect_names() {
  std::vector<std::string> names;
  for (const Name& entry : kNames) names.emplace_back(entry.name);
  return names;
}

const char* decision_name(Decision decision) {
  return decision == Decision::kYes ? "yes" : decision == Decision::kNo ? "no" : nullptr;
}

}  // namespace vigor::yes_no
