#include "reports/pope_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/files.h"
#include "reports/statistics.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;

void flatten(const Json& value, const std::string& name,
             std::vector<std::pair<std::string, std::string>>& out) {
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) {
      flatten(child, name.empty() ? key : name + "." + key, out);
    }
  } else if (value.is_array() && !value.empty() && value[0].is_object()) {
    // Lists of files and splits: named by what they are of, so that two runs line up.
    for (size_t i = 0; i < value.size(); ++i) {
      std::string part = std::to_string(i);
      for (const char* key : {"split", "name"}) {
        if (const std::string text = text_at(value[i], key); !text.empty()) part = text;
      }
      flatten(value[i], fmt::format("{}.{}", name, part), out);
    }
  } else if (value.is_string()) {
    out.emplace_back(name, value.get<std::string>());
  } else if (!value.is_null()) {
    out.emplace_back(name, dump_json(value));
  }
}

}  // namespace

// run.json is read tolerantly: an older or a foreign one still reports.
std::string run_name(const Json& run, const fs::path& folder) {
  const auto model = run.find("model");
  if (model != run.end()) {
    if (model->is_string()) return model->get<std::string>();
    // Answers made elsewhere are named by the run: their files are named by the split.
    if (model->is_object() && text_at(*model, "kind") != "answers") {
      for (const char* key : {"name", "id"}) {
        if (const std::string text = text_at(*model, key); !text.empty()) return text;
      }
      for (const char* key : {"path", "checkpoint", "spec"}) {
        const std::string text = text_at(*model, key);
        // A path says its last folder; "http://host/v1#name" its name.
        const size_t end = text.find_last_not_of('/');
        if (end == std::string::npos) continue;
        const size_t cut = text.find_last_of("/#", end);
        const size_t start = cut == std::string::npos ? 0 : cut + 1;
        return text.substr(start, end + 1 - start);
      }
    }
  }
  const fs::path name =
      folder.filename().empty() ? folder.parent_path().filename() : folder.filename();
  return name.empty() || name == "." ? fs::absolute(folder).lexically_normal().filename().string()
                                     : name.string();
}

fs::path find_images(const Json& run, const fs::path& folder) {
  const auto settings = run.find("settings");
  if (settings == run.end() || !settings->is_object()) return {};
  const std::string text = text_at(*settings, "images");
  if (text.empty()) return {};
  std::error_code ignored;
  for (const fs::path& candidate : {fs::path(text), folder / text}) {
    if (fs::is_directory(candidate, ignored)) return fs::canonical(candidate, ignored);
  }
  return {};
}

PopeSample read_yes_no_sample(const Json& row, const std::string& where, const char* group,
                              const char* number) {
  ObjectReader reader(row, where);
  PopeSample sample;
  sample.split = reader.require<std::string>(group);
  sample.question_id = reader.get<int64_t>(number, 0);
  sample.image = reader.require<std::string>("image");
  sample.question = reader.require<std::string>("question");
  sample.label = reader.require<std::string>("label");
  sample.status = reader.require<std::string>("status");
  static constexpr std::array kStates = {"scored", "unparsed", "failed", "unjudged"};
  if (std::find(kStates.begin(), kStates.end(), sample.status) == kStates.end()) {
    throw Error({.what = "key 'status' is '" + printable(sample.status) +
                         "', expected scored, unparsed, failed or unjudged",
                 .where = where});
  }
  sample.answer = reader.get<std::string>("answer", "");
  sample.finish = reader.get<std::string>("finish", "");
  sample.error = reader.get<std::string>("error", "");
  const std::string decision = reader.get<std::string>("decision", "");
  if (decision == "yes" || decision == "no") sample.decision = decision;
  if (const Json* correct = reader.find("correct"); correct != nullptr && !correct->is_null()) {
    sample.correct = reader.require<bool>("correct");
  }
  if (const Json* margin = reader.find("margin"); margin != nullptr && !margin->is_null()) {
    sample.margin = reader.require<double>("margin");
  }
  return sample;
}

Json read_run_metrics(const fs::path& folder, const std::string& benchmark, const char* groups) {
  const fs::path path = folder / "metrics.json";
  if (!fs::exists(path)) {
    throw Error({.what = "not a finished run: metrics.json is not there",
                 .where = folder.string(),
                 .cause = "the run was stopped, or the folder is another one",
                 .fix = "run the same command again: it goes on where it stopped"});
  }
  Json result = read_json_file(path);
  ObjectReader metrics(result, path.string());
  if (const auto what = metrics.require<std::string>("benchmark"); what != benchmark) {
    throw Error({.what = "key 'benchmark' is '" + printable(what) + "', expected " + benchmark,
                 .where = path.string()});
  }
  const Json* list = metrics.find(groups);
  if (list == nullptr || !list->is_object()) {
    throw Error(
        {.what = fmt::format("key '{}' must be an object", groups), .where = path.string()});
  }
  std::string one(groups);
  one.pop_back();
  for (const auto& [name, block] : list->items()) {
    if (!block.is_object()) {
      throw Error(
          {.what = one + " '" + printable(name) + "' must be an object", .where = path.string()});
    }
  }
  return result;
}

Json read_run_json(const fs::path& folder) {
  const fs::path path = folder / "run.json";
  Json run = fs::exists(path) ? read_json_file(path) : Json::object();
  if (!run.is_object()) throw Error({.what = "expected an object", .where = path.string()});
  return run;
}

PopeRun read_pope_run(const fs::path& folder) {
  PopeRun result;
  result.metrics = read_run_metrics(folder, "pope", "splits");
  result.splits = ordered_splits({&result.metrics});
  result.run = read_run_json(folder);
  result.name = run_name(result.run, folder);
  result.images_dir = find_images(result.run, folder);

  const fs::path path = folder / "samples.jsonl";
  for_each_jsonl(read_file(path), path.string(), [&](size_t line, Json&& row) {
    result.samples.push_back(read_yes_no_sample(row, path.string() + ":" + std::to_string(line),
                                                "split", "question_id"));
  });
  return result;
}

Figure figure(const Json& block, const std::string& key) {
  Figure result;
  if (!block.is_object()) return result;
  const auto value = block.find(key);
  if (value != block.end() && value->is_number() && std::isfinite(value->get<double>())) {
    result.value = value->get<double>();
  }
  if (const auto ci = block.find("ci95"); ci != block.end() && ci->is_object()) {
    const auto pair = ci->find(key);
    if (pair != ci->end() && pair->is_array() && pair->size() == 2 && (*pair)[0].is_number() &&
        (*pair)[1].is_number()) {
      result.low = (*pair)[0].get<double>();
      result.high = (*pair)[1].get<double>();
    }
  }
  if (!result.value) {
    result.reason = text_at(block, "reason");
  }
  return result;
}

int64_t count(const Json& block, const std::string& key) {
  if (!block.is_object()) return 0;
  const auto value = block.find(key);
  return value != block.end() && value->is_number() ? value->get<int64_t>() : 0;
}

const Json& split_block(const PopeRun& run, const std::string& split) {
  static const Json kNone;
  const Json& splits = run.metrics.at("splits");
  const auto found = splits.find(split);
  return found == splits.end() ? kNone : *found;
}

const Json& average_block(const PopeRun& run) {
  static const Json kNone;
  const auto found = run.metrics.find("average");
  return found == run.metrics.end() ? kNone : *found;
}

std::string text_at(const Json& object, const std::string& key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::string> ordered_splits(const std::vector<const Json*>& metrics) {
  static const std::vector<std::string> kKnown = {"random", "popular", "adversarial"};
  std::vector<std::string> known, others;
  for (const Json* one : metrics) {
    const auto splits = one->find("splits");
    if (splits == one->end() || !splits->is_object()) continue;
    for (const auto& [name, block] : splits->items()) {
      if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) others.push_back(name);
    }
    for (const std::string& name : kKnown) {
      if (splits->contains(name) && std::find(known.begin(), known.end(), name) == known.end()) {
        known.push_back(name);
      }
    }
  }
  std::sort(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
    return std::find(kKnown.begin(), kKnown.end(), a) < std::find(kKnown.begin(), kKnown.end(), b);
  });
  std::sort(others.begin(), others.end());
  others.erase(std::unique(others.begin(), others.end()), others.end());
  known.insert(known.end(), others.begin(), others.end());
  return known;
}

std::optional<double> Totals::false_alarms() const {
  if (fp + tn == 0) return std::nullopt;
  return static_cast<double>(fp) / static_cast<double>(fp + tn);
}

std::optional<double> Totals::present_share() const {
  const int64_t all = tp + fp + tn + fn;
  if (all == 0) return std::nullopt;
  return static_cast<double>(tp + fn) / static_cast<double>(all);
}

Totals totals(const Json& metrics) {
  Totals sum;
  if (const auto splits = metrics.find("splits"); splits != metrics.end()) {
    for (const auto& [name, block] : splits->items()) {
      sum.tp += count(block, "tp");
      sum.fp += count(block, "fp");
      sum.tn += count(block, "tn");
      sum.fn += count(block, "fn");
      sum.questions += count(block, "questions");
    }
  }
  if (const auto counts = metrics.find("counts"); counts != metrics.end()) {
    sum.scored = count(*counts, "scored");
    sum.unparsed = count(*counts, "unparsed");
    sum.failed = count(*counts, "failed");
    sum.unjudged = count(*counts, "unjudged");
  }
  return sum;
}

Figure false_alarms(const PopeRun& run) {
  const Totals sum = totals(run.metrics);
  Figure result;
  result.value = sum.false_alarms();
  std::map<std::string, statistics::ClusterRatio> images;
  int64_t alarms = 0, absent = 0;
  for (const PopeSample& sample : run.samples) {
    if (sample.label != "no" || !sample.correct || sample.status != "scored") continue;
    const bool alarm = *sample.correct == false;
    alarms += alarm;
    ++absent;
    images[sample.image].numerator += alarm;
    images[sample.image].denominator += 1;
  }
  // Dialects that drop or cut rows count otherwise: then there is no interval.
  if (!result.value || alarms != sum.fp || absent != sum.fp + sum.tn) return result;
  std::vector<statistics::ClusterRatio> clusters;
  for (const auto& [name, ratio] : images) clusters.push_back(ratio);
  if (const auto estimate = statistics::ratio_estimate(clusters)) {
    if (const auto interval = statistics::share_interval(*estimate)) {
      result.low = interval->low;
      result.high = interval->high;
    }
  }
  return result;
}

std::vector<std::pair<std::string, std::string>> score_reasons(const Json& metrics) {
  std::vector<std::pair<std::string, std::string>> out;
  const std::string whole = text_at(metrics, "reason");
  if (!whole.empty()) out.emplace_back("scores", whole);
  for (const std::string& split : ordered_splits({&metrics})) {
    const std::string reason = text_at(metrics.at("splits").at(split), "reason");
    if (!reason.empty() && reason != whole) out.emplace_back(split, reason);
  }
  return out;
}

std::vector<std::string> incomparable(const std::vector<PopeRun>& runs) {
  // What decides an answer besides the checkpoint; paths and file names differ harmlessly.
  const auto decides = [](const std::string& key) {
    if (key.starts_with("settings.questions.")) return key.ends_with("_sha256");
    if (key.starts_with("settings.prompt.")) return true;
    for (const char* last : {".conversation", ".system_prompt", ".max_new_tokens", ".temperature",
                             ".limit_images", ".image_aspect"}) {
      if (key.starts_with("settings.") && key.ends_with(last)) return true;
    }
    return false;
  };
  std::map<std::string, std::vector<std::string>> values;
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto put = [&](const std::string& key, const std::string& value) {
      auto& row = values[key];
      row.resize(runs.size());
      row[i] = value;
    };
    put("dialect", text_at(runs[i].metrics, "dialect"));
    std::vector<std::pair<std::string, std::string>> flat;
    if (runs[i].run.contains("settings")) flatten(runs[i].run["settings"], "settings", flat);
    for (const auto& [key, value] : flat) {
      if (decides(key)) put(key, value);
    }
  }
  std::vector<std::string> lines;
  for (auto& [key, row] : values) {
    row.resize(runs.size());
    if (std::all_of(row.begin(), row.end(), [&](const auto& v) { return v == row[0]; })) continue;
    std::string line = key + ":";
    for (size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("{} {}", i == 0 ? "" : ",", row[i].empty() ? "none" : row[i]);
    }
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::pair<std::string, std::string>> flat_settings(const Json& run) {
  static constexpr std::array kMeasured = {"timing",        "rows_per_s", "useful_flops",
                                           "rows",          "counts",     "peak_memory_bytes",
                                           "status_counts", "what",       "questions_asked",
                                           "model_counts"};
  std::vector<std::pair<std::string, std::string>> out;
  if (!run.is_object()) return out;
  for (const auto& [key, value] : run.items()) {
    if (std::find(kMeasured.begin(), kMeasured.end(), key) != kMeasured.end()) continue;
    if (key != "settings" || !value.is_object()) {
      flatten(value, key, out);
      continue;
    }
    for (const auto& [name, setting] : value.items()) {
      // The settings repeat what stands beside them (model, dialect).
      if (!run.contains(name) || run[name] != setting) flatten(setting, "settings." + name, out);
    }
  }
  return out;
}

std::string percent(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f} %", *value * 100, decimals) : "-";
}

std::string interval_text(const Figure& figure) {
  if (!figure.low || !figure.high) return "";
  return fmt::format("{:.1f} to {:.1f} %", *figure.low * 100, *figure.high * 100);
}

}  // namespace vigor::reports
