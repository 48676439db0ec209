#include "reports/ranking_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "reports/pope_run.h"
#include "reports/ranking_formats.h"

namespace vigor::reports {
namespace {

RankingRun read_ranking_run(const std::filesystem::path& folder) {
  RankingRun run;
  run.name = folder.filename().string();
  run.run = read_json_file(folder / "run.json");
  run.metrics = read_json_file(folder / "metrics.json");
  const std::string where = printable((folder / "metrics.json").string());
  ObjectReader keys(run.metrics, where);
  if (keys.require<std::string>("benchmark") != "ranking") {
    throw Error({.what = "this is no ranking run", .where = where});
  }
  run.candidates = keys.require<std::vector<std::string>>("candidates");
  const Json judge = run.run.is_object() ? run.run.value("judge", Json()) : Json();
  run.judge = text_at(judge, "model");
  const std::filesystem::path samples = folder / "samples.jsonl";
  for_each_jsonl(read_file(samples), printable(samples.string()),
                 [&](size_t, Json&& row) { run.samples.push_back(std::move(row)); });
  return run;
}

// The pair of two candidates in a block of tests; null when it has none.
Json pair_of(const Json& tests, const std::string& a, const std::string& b) {
  if (!tests.is_object() || !tests.contains("average")) return Json();
  for (const Json& pair : tests["average"].value("pairs", Json::array())) {
    const std::string one = text_at(pair, "a"), other = text_at(pair, "b");
    if ((one == a && other == b) || (one == b && other == a)) return pair;
  }
  return Json();
}

}  // namespace

const std::vector<std::string>& ranking_columns() {
  static const std::vector<std::string> columns = {"HL", "CA", "AA", "RA",
                                                   "RL", "RS", "DL", "average"};
  return columns;
}

RankingHeadline ranking_headline(const RankingRun& run) {
  const bool lower = run.metrics.value("lower_is_better", true);
  const Json models = run.metrics.value("models", Json::object());
  std::vector<std::pair<double, std::string>> order;
  for (const std::string& name : run.candidates) {
    const Figure average = figure(models.value(name, Json()), "average");
    if (average.value) order.emplace_back(lower ? *average.value : -*average.value, name);
  }
  if (order.size() < 2) {
    std::string reason = text_at(run.metrics, "reason");
    if (reason.empty() && !run.candidates.empty()) {
      reason = text_at(models.value(run.candidates.front(), Json()), "reason");
    }
    return {"No score for this run", "The reason: " + reason + "."};
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto value = [&](size_t i) { return lower ? order[i].first : -order[i].first; };
  RankingHeadline headline;
  headline.title =
      lower ? fmt::format("{} ranks best of {}: {:.2f} on average", order[0].second,
                          run.candidates.size(), value(0))
            : fmt::format("{} is strongest of {}", order[0].second, run.candidates.size());
  headline.lead = fmt::format("{} follows with {:.2f}", order[1].second, value(1));
  const Figure p = figure(
      pair_of(run.metrics.value("tests", Json()), order[0].second, order[1].second), "p_holm");
  if (p.value) {
    headline.lead +=
        *p.value < 0.05
            ? fmt::format(": the difference is significant (p = {:.2g}, Holm).", *p.value)
            : fmt::format(": the two cannot be told apart (p = {:.2g}, Holm).", *p.value);
  } else {
    headline.lead += ".";
  }
  return headline;
}

std::vector<std::string> ranking_notes(const Json& metrics) {
  std::vector<std::string> notes;
  if (metrics.value("complete", Json(true)) == false) {
    notes.push_back("Not complete: these figures are not of all calls.");
  }
  const Json counts = metrics.value("counts", Json::object());
  const int64_t failed = count(counts, "failed"), unjudged = count(counts, "unjudged"),
                partial = count(metrics, "partial");
  if (failed + unjudged + partial > 0) {
    notes.push_back(fmt::format("{} unjudged, {} failed, {} ranked in part, of {} calls.", unjudged,
                                failed, partial, count(metrics, "calls")));
  }
  if (const std::string reason = text_at(metrics, "reason"); !reason.empty()) {
    notes.push_back("No scores: " + reason);
  }
  for (const Json& warning : metrics.value("warnings", Json::array())) {
    if (warning.is_string()) notes.push_back(warning.get<std::string>());
  }
  return notes;
}

void write_ranking_report(FileSystem& files, const std::filesystem::path& folder) {
  const RankingRun run = read_ranking_run(folder);
  // Everything is made before anything is written: an error leaves the older report whole.
  const std::string markdown = ranking_markdown(run), html = ranking_html(run);
  write_atomic(files, folder / "report.md", markdown);
  write_atomic(files, folder / "report.html", html);
}

}  // namespace vigor::reports
