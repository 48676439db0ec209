#include "reports/run_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/files.h"
#include "reports/run_view_parts.h"
#include "run/sha256.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;

struct Reader {
  const char* benchmark;
  std::vector<RunView> (*read)(OpenedRun&& opened);
};
constexpr Reader kReaders[] = {{"pope", pope_views},
                               {"mme", mme_views},
                               {"mmhal", mmhal_views},
                               {"ranking", ranking_views},
                               {"chair", chair_views}};

OpenedRun read_folder(const fs::path& folder) {
  const fs::path metrics_path = folder / "metrics.json";
  if (!fs::is_directory(folder)) {
    throw Error({.what = "no such run folder",
                 .where = printable(folder.string()),
                 .fix = "give the folder that the run was written to with --out"});
  }
  if (!fs::exists(metrics_path)) {
    throw Error({.what = "not a finished run: metrics.json is not there",
                 .where = printable(folder.string()),
                 .cause = "the run was stopped, or the folder is another one",
                 .fix = "run the same command again: it goes on where it stopped"});
  }
  OpenedRun opened;
  opened.metrics_where = printable(metrics_path.string());
  RunView& view = opened.view;
  view.folder = folder;
  view.metrics_json = read_json_file(metrics_path);
  ObjectReader metrics(view.metrics_json, opened.metrics_where);
  view.benchmark = metrics.require<std::string>("benchmark");
  view.complete = metrics.get<bool>("complete", true);
  if (metrics.get<bool>("withheld", false)) {
    view.withheld = metrics.get<std::string>("reason", "too many samples failed");
  }
  for (const Json& warning : view.metrics_json.value("warnings", Json::array())) {
    if (warning.is_string()) view.warnings.push_back(warning.get<std::string>());
  }
  const Json counts = view.metrics_json.value("counts", Json::object());
  view.scored = count(counts, "scored");
  view.unparsed = count(counts, "unparsed");
  view.failed = count(counts, "failed");
  view.unjudged = count(counts, "unjudged");

  const fs::path run_path = folder / "run.json";
  view.run = read_json_file(run_path);
  if (!view.run.is_object()) {
    throw Error({.what = "expected an object", .where = printable(run_path.string())});
  }
  view.name = run_name(view.run, folder);
  view.images = find_images(view.run, folder);

  const fs::path samples_path = folder / "samples.jsonl";
  const std::string where = printable(samples_path.string());
  for_each_jsonl(read_file(samples_path), where, [&](size_t line, Json&& row) {
    opened.lines.push_back({where + ":" + std::to_string(line), std::move(row)});
  });
  return opened;
}

std::string list_of(const std::vector<RunView>& views) {
  std::string list;
  for (const RunView& view : views) list += (list.empty() ? "" : ", ") + printable(view.candidate);
  return list;
}

}  // namespace

size_t Clusters::of(const std::string& name) {
  const auto [found, fresh] = position_.try_emplace(name, names_.size());
  if (fresh) names_.push_back(name);
  return found->second;
}

RunMetric view_metric(const Json& block, RunMetric metric) {
  const Figure published = figure(block, metric.name);
  metric.value = published.value;
  metric.reason = published.reason;
  if (published.low && published.high) {
    metric.interval = statistics::Interval{*published.low, *published.high};
  }
  if (!metric.value && metric.reason.empty()) metric.reason = "not computed";
  if (!metric.value || metric.terms.empty()) {
    metric.terms.clear();
    if (metric.no_terms.empty()) metric.no_terms = metric.reason;
    return metric;
  }
  const auto again = statistics::sum_estimate(metric.terms);
  const double rounding = 1e-9 * std::max(1.0, std::abs(*metric.value));
  if (!again || std::abs(again->value - *metric.value) > rounding) {
    metric.terms.clear();
    metric.no_terms = fmt::format("the samples give {}, metrics.json says {}",
                                  again ? fmt::format("{:.6g}", again->value) : "no value",
                                  fmt::format("{:.6g}", *metric.value));
  }
  return metric;
}

RunSample view_sample(const SampleLine& line) {
  static constexpr std::array kStates = {"scored", "unparsed", "failed", "unjudged"};
  ObjectReader reader(line.row, line.where);
  RunSample sample;
  sample.state = reader.require<std::string>("status");
  if (std::find(kStates.begin(), kStates.end(), sample.state) == kStates.end()) {
    throw Error({.what = "key 'status' is '" + printable(sample.state) +
                         "', expected scored, unparsed, failed or unjudged",
                 .where = line.where});
  }
  sample.image = reader.get<std::string>("image", "");
  sample.cluster = sample.image;
  sample.question = reader.get<std::string>("question", "");
  sample.answer = reader.get<std::string>("answer", "");
  sample.label = reader.get<std::string>("label", "");
  sample.error = reader.get<std::string>("error", "");
  if (const Json* correct = reader.find("correct"); correct != nullptr && !correct->is_null()) {
    sample.correct = reader.require<bool>("correct");
    sample.score = *sample.correct ? 1 : 0;
  }
  if (const Json* margin = reader.find("margin"); margin != nullptr && !margin->is_null()) {
    sample.margin = reader.require<double>("margin");
  }
  return sample;
}

std::string setting_text(const Json& run, const std::string& key) {
  const Json settings = run.value("settings", Json::object());
  if (!settings.is_object() || !settings.contains(key) || settings[key].is_null()) return "";
  return dump_json(settings[key]);
}

std::string judge_text(const Json& source) {
  if (!source.is_object()) return "";
  Json out = Json::object();
  if (const auto judge = source.find("judge"); judge != source.end() && judge->is_object()) {
    out = *judge;
    // Where it was asked, and the file of its replies, say nothing about who judged.
    for (const char* key : {"url", "file", "offers_schema"}) out.erase(key);
  }
  if (const auto prompt = source.find("template"); prompt != source.end() && !prompt->is_null()) {
    out["template"] = *prompt;
  }
  return out.empty() ? "" : dump_json(out);
}

std::string dataset_hash(const std::vector<RunSample>& samples) {
  std::vector<std::string> rows;
  for (const RunSample& one : samples) {
    rows.push_back(dump_json(Json::array({one.id, one.cluster, one.question, one.label})) + "\n");
  }
  std::sort(rows.begin(), rows.end());
  Sha256 hash;
  for (const std::string& row : rows) hash.update(row);
  return hash.hex();
}

const RunMetric* RunView::metric(const std::string& key) const {
  for (const RunMetric& one : metrics) {
    if (one.key == key) return &one;
  }
  return nullptr;
}

std::vector<RunView> open_runs(const fs::path& folder) {
  OpenedRun opened = read_folder(folder);
  std::vector<std::string> known;
  for (const Reader& reader : kReaders) {
    known.push_back(reader.benchmark);
    if (opened.view.benchmark != reader.benchmark) continue;
    const std::string where = opened.metrics_where;
    std::vector<RunView> views = reader.read(std::move(opened));
    for (const RunView& view : views) {
      // Every benchmark writes its figures, those that it cannot compute as null.
      if (!view.metrics.empty()) continue;
      throw Error({.what = "there is no figure in it",
                   .where = where,
                   .cause = "the file was changed, or written by another program",
                   .fix = "run the command that made the folder again, without this file"});
    }
    return views;
  }
  const std::string nearest = nearest_name(opened.view.benchmark, known);
  throw Error({.what = "unknown benchmark '" + printable(opened.view.benchmark) + "'",
               .where = opened.metrics_where,
               .cause = nearest.empty() ? "the run is of another program or a newer version"
                                        : "did it mean " + nearest + "?"});
}

RunView open_run(const std::string& spec) {
  std::string folder = spec, candidate;
  const size_t hash = spec.rfind('#');
  if (hash != std::string::npos && !fs::is_directory(spec)) {
    folder = spec.substr(0, hash);
    candidate = spec.substr(hash + 1);
  }
  std::vector<RunView> views = open_runs(folder);
  if (views.size() == 1 && views.front().candidate.empty()) {
    if (candidate.empty()) return std::move(views.front());
    throw Error({.what = "this run is of one model: there is no candidate to name",
                 .where = printable(spec),
                 .fix = "give the folder alone",
                 .exit_code = ExitCode::kUsage});
  }
  for (RunView& view : views) {
    if (view.candidate == candidate) return std::move(view);
  }
  throw Error({.what = candidate.empty() ? "a ranking holds several models: one must be named"
                                         : "no candidate '" + printable(candidate) + "'",
               .where = printable(folder),
               .fix = "give FOLDER#CANDIDATE; this run has " + list_of(views),
               .exit_code = ExitCode::kUsage});
}

std::string metric_text(const RunMetric& metric, const std::optional<double>& value) {
  if (!value) return "-";
  switch (metric.unit) {
    case Unit::kShare:
      return fmt::format("{:.2f} %", *value * 100);
    case Unit::kPoints:
      return fmt::format("{:.1f}", *value);
    default:
      return fmt::format("{:.2f}", *value);
  }
}

std::string difference_text(const RunMetric& metric, double difference) {
  // No figure is "-0.00".
  const auto signed_text = [](double value, int decimals) {
    std::string text = fmt::format("{:+.{}f}", value, decimals);
    if (text.find_first_not_of("+-0.") == std::string::npos) text = text.substr(1);
    return text;
  };
  switch (metric.unit) {
    case Unit::kShare:
      return signed_text(difference * 100, 2) + " pt";
    case Unit::kPoints:
      return signed_text(difference, 1);
    default:
      return signed_text(difference, 2);
  }
}

std::string interval_text(const RunMetric& metric,
                          const std::optional<statistics::Interval>& interval) {
  if (!interval) return "";
  const bool share = metric.unit == Unit::kShare;
  const int decimals = metric.unit == Unit::kPoints ? 1 : 2;
  const double scale = share ? 100 : 1;
  return fmt::format("{:.{}f} to {:.{}f}{}", interval->low * scale, decimals,
                     interval->high * scale, decimals, share ? " %" : "");
}

}  // namespace vigor::reports
