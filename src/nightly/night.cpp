#include "nightly/night.h"

#include <algorithm>
#include <tuple>

namespace vigor::nightly {
namespace {

namespace fs = std::filesystem;

constexpr std::pair<const char*, Outcome> kOutcomes[] = {{"pass", Outcome::kPass},
                                                         {"regression", Outcome::kRegression},
                                                         {"inconclusive", Outcome::kInconclusive},
                                                         {"error", Outcome::kError}};

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

std::optional<double> number_of(ObjectReader& reader, const std::string& key) {
  const Json* value = reader.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return reader.require<double>(key);
}

Json job_json(const NightJob& job) {
  Json figures = Json::array(), rules = Json::array();
  for (const NightFigure& one : job.figures) {
    Json row = {{"key", one.key},
                {"title", one.title},
                {"unit", one.unit},
                {"headline", one.headline},
                {"value", or_null(one.value)},
                {"ci95", one.low && one.high ? Json::array({*one.low, *one.high}) : Json()}};
    if (!one.reason.empty()) row["reason"] = one.reason;
    figures.push_back(std::move(row));
  }
  for (const NightRule& one : job.rules) {
    rules.push_back({{"against", one.against},
                     {"metric", one.metric},
                     {"outcome", reports::outcome_name(one.outcome)},
                     {"base", or_null(one.base)},
                     {"drop", or_null(one.drop)},
                     {"allowed_drop", one.allowed_drop},
                     {"drop_sign", one.sign},
                     {"sentence", one.sentence}});
  }
  Json out = {
      {"name", job.name},         {"benchmark", job.benchmark}, {"fingerprint", job.fingerprint},
      {"run", job.run},           {"reused", job.reused},       {"figures", std::move(figures)},
      {"rules", std::move(rules)}};
  if (!job.error.empty()) out["error"] = job.error;
  return out;
}

NightJob job_of_json(const Json& row, const std::string& where) {
  ObjectReader reader(row, where);
  NightJob job;
  job.name = reader.require<std::string>("name");
  job.benchmark = reader.get<std::string>("benchmark", "");
  job.fingerprint = reader.get<std::string>("fingerprint", "");
  job.run = reader.get<std::string>("run", "");
  job.reused = reader.get<bool>("reused", false);
  job.error = reader.get<std::string>("error", "");
  for (const Json& one : reader.get<Json>("figures", Json::array())) {
    ObjectReader keys(one, where + ": figures");
    NightFigure figure;
    figure.key = keys.require<std::string>("key");
    figure.title = keys.get<std::string>("title", figure.key);
    figure.unit = keys.get<std::string>("unit", figure.unit);
    figure.headline = keys.get<bool>("headline", false);
    figure.value = number_of(keys, "value");
    const auto interval = keys.get<std::vector<double>>("ci95", {});
    if (interval.size() == 2) {
      figure.low = interval[0];
      figure.high = interval[1];
    }
    figure.reason = keys.get<std::string>("reason", "");
    job.figures.push_back(std::move(figure));
  }
  for (const Json& one : reader.get<Json>("rules", Json::array())) {
    ObjectReader keys(one, where + ": rules");
    NightRule rule;
    rule.against = keys.require<std::string>("against");
    rule.metric = keys.require<std::string>("metric");
    const auto outcome = keys.require<std::string>("outcome");
    rule.outcome = outcome == "pass"         ? reports::GateOutcome::kPass
                   : outcome == "regression" ? reports::GateOutcome::kRegression
                                             : reports::GateOutcome::kInconclusive;
    rule.base = number_of(keys, "base");
    rule.drop = number_of(keys, "drop");
    rule.allowed_drop = keys.get<double>("allowed_drop", 0);
    rule.sign = keys.get<double>("drop_sign", -1);
    rule.sentence = keys.get<std::string>("sentence", "");
    job.rules.push_back(std::move(rule));
  }
  return job;
}

}  // namespace

const char* outcome_name(Outcome outcome) {
  for (const auto& [name, one] : kOutcomes) {
    if (one == outcome) return name;
  }
  return "error";
}

Outcome parse_outcome(const std::string& name, const std::string& where) {
  for (const auto& [known, one] : kOutcomes) {
    if (name == known) return one;
  }
  throw Error({.what = "key 'outcome' is '" + printable(name) +
                       "', expected pass, regression, inconclusive or error",
               .where = where});
}

ExitCode exit_code(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return ExitCode::kDone;
    case Outcome::kRegression:
      return ExitCode::kRegression;
    case Outcome::kInconclusive:
      return ExitCode::kInconclusive;
    default:
      return ExitCode::kError;
  }
}

Outcome worse(Outcome a, Outcome b) {
  for (const Outcome one : {Outcome::kRegression, Outcome::kError, Outcome::kInconclusive}) {
    if (a == one || b == one) return one;
  }
  return Outcome::kPass;
}

const NightJob* Night::job(const std::string& name) const {
  for (const NightJob& one : jobs) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

Json night_json(const Night& night) {
  Json jobs = Json::array();
  for (const NightJob& job : night.jobs) jobs.push_back(job_json(job));
  return {{"night", night.id},
          {"started", night.started},
          {"ended", night.ended},
          {"outcome", outcome_name(night.outcome)},
          {"exit_code", static_cast<int>(exit_code(night.outcome))},
          {"accepted", night.accepted},
          {"accepted_by_hand", night.by_hand},
          {"reference", night.reference.empty() ? Json() : Json(night.reference)},
          {"jobs", std::move(jobs)}};
}

Night night_of_json(const Json& document, const std::string& where) {
  ObjectReader reader(document, where);
  Night night;
  night.id = reader.require<std::string>("night");
  night.started = reader.require<int64_t>("started");
  night.ended = reader.get<int64_t>("ended", night.started);
  night.outcome = parse_outcome(reader.require<std::string>("outcome"), where);
  night.accepted = reader.get<bool>("accepted", false);
  night.by_hand = reader.get<bool>("accepted_by_hand", false);
  night.reference = reader.get<std::string>("reference", "");
  for (const Json& row : reader.get<Json>("jobs", Json::array())) {
    night.jobs.push_back(job_of_json(row, where));
  }
  return night;
}

std::vector<Night> read_nights(const fs::path& folder) {
  std::vector<Night> nights;
  if (!fs::is_directory(folder)) return nights;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const fs::path file = entry.path() / "night.json";
    if (!entry.is_directory() || !fs::exists(file)) continue;
    nights.push_back(night_of_json(read_json_file(file), printable(file.string())));
    // The folder's name is the night's: one that was copied by hand is another night.
    nights.back().id = entry.path().filename().string();
  }
  std::sort(nights.begin(), nights.end(), [](const Night& a, const Night& b) {
    return std::tie(a.started, a.id) < std::tie(b.started, b.id);
  });
  return nights;
}

void write_night(FileSystem& files, const fs::path& folder, const Night& night) {
  files.create_directories(folder / night.id);
  write_atomic(files, folder / night.id / "night.json", dump_json(night_json(night), 2) + "\n");
}

const Night* last_accepted(const std::vector<Night>& nights, const std::string& id) {
  const Night* found = nullptr;
  for (const Night& night : nights) {
    if (night.id == id) break;
    if (night.accepted) found = &night;
  }
  return found;
}

}  // namespace vigor::nightly
