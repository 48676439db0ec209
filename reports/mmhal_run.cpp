#include "reports/mmhal_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "reports/mmhal_report.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;

MmhalSample read_sample(const Json& row, const std::string& where) {
  ObjectReader reader(row, where);
  MmhalSample sample;
  sample.key = reader.require<std::string>("key");
  sample.record = reader.require<int64_t>("record");
  sample.repeat = reader.get<int64_t>("repeat", 0);
  sample.status = reader.require<std::string>("status");
  for (const auto& [key, field] : {std::pair("type", &MmhalSample::type),
                                   {"image", &MmhalSample::image},
                                   {"question", &MmhalSample::question},
                                   {"standard_answer", &MmhalSample::standard_answer},
                                   {"answer", &MmhalSample::answer},
                                   {"reply", &MmhalSample::reply},
                                   {"reason", &MmhalSample::reason},
                                   {"error", &MmhalSample::error}}) {
    sample.*field = reader.get<std::string>(key, "");
  }
  if (const Json* rating = reader.find("rating"); rating != nullptr && !rating->is_null()) {
    sample.rating = reader.require<int64_t>("rating");
  }
  sample.hallucination = reader.get<bool>("hallucination", false);
  return sample;
}

std::string name_of(const Json& run, const fs::path& folder) {
  const Json model = run.value("model", Json::object());
  for (const char* key : {"name", "checkpoint"}) {
    const std::string text = text_at(model, key);
    if (!text.empty()) return fs::path(text).filename().string();
  }
  return folder.filename().string();
}

std::string judge_of(const Json& metrics) {
  const Json judge = metrics.value("judge", Json::object());
  if (!judge.is_object()) return "";
  if (const std::string model = text_at(judge, "model"); !model.empty()) return model;
  std::string list;
  for (const Json& model : judge.value("models", Json::array())) {
    if (model.is_string()) list += (list.empty() ? "" : ", ") + model.get<std::string>();
  }
  return list;
}

}  // namespace

MmhalRun read_mmhal_run(const fs::path& folder) {
  MmhalRun run;
  run.run = read_json_file(folder / "run.json");
  run.metrics = read_json_file(folder / "metrics.json");
  if (!run.metrics.is_object() || text_at(run.metrics, "benchmark") != "mmhal") {
    throw Error({.what = "this is no MMHal-Bench run",
                 .where = printable((folder / "metrics.json").string()),
                 .fix = "give the run folder of vigor-eval mmhal"});
  }
  const fs::path samples = folder / "samples.jsonl";
  for_each_jsonl(read_file(samples), printable(samples.string()), [&](size_t line, Json&& row) {
    run.samples.push_back(
        read_sample(row, printable(samples.string()) + ":" + std::to_string(line)));
  });
  std::stable_sort(run.samples.begin(), run.samples.end(),
                   [](const auto& a, const auto& b) { return a.record < b.record; });
  run.name = name_of(run.run, folder);
  run.judge = judge_of(run.metrics);
  return run;
}

std::string mmhal_value(const Figure& figure, bool rating) {
  if (!rating) return percent(figure.value);
  return figure.value ? fmt::format("{:.2f}", *figure.value) : "-";
}

std::string mmhal_interval(const Figure& figure, bool rating) {
  if (!rating || !figure.low || !figure.high) return rating ? "" : interval_text(figure);
  return fmt::format("{:.2f} to {:.2f}", *figure.low, *figure.high);
}

std::vector<std::string> mmhal_notes(const Json& metrics) {
  std::vector<std::string> notes;
  const Json counts = metrics.value("counts", Json::object());
  if (metrics.value("complete", Json(true)) == false) {
    notes.push_back(fmt::format("not of all records: {} scored, {} failed, {} unjudged",
                                count(counts, "scored"), count(counts, "failed"),
                                count(counts, "unjudged")));
  }
  const Json reasons = metrics.value("unjudged_reasons", Json::object());
  for (const auto& [reason, number] : reasons.items()) {
    notes.push_back("unjudged: " + number.dump() + " x " + reason);
  }
  const Json differences = metrics.value("dialect_differences", Json::object());
  if (count(differences, "differ") > 0) {
    notes.push_back(
        fmt::format("the dialects strict and official read {} of {} replies differently",
                    count(differences, "differ"), count(differences, "replies")));
  }
  if (const std::string reason = text_at(metrics, "reason"); !reason.empty()) {
    notes.push_back("not computed: " + reason);
  }
  for (const Json& warning : metrics.value("warnings", Json::array())) {
    if (warning.is_string()) notes.push_back(warning.get<std::string>());
  }
  return notes;
}

std::string mmhal_table_text(const Json& metrics) {
  std::string out = fmt::format("{:<13}{:>9}{:>18}{:>18}{:>8}{:>10}\n", "type", "rating",
                                "hallucination", "informativeness", "scored", "unjudged");
  const auto line = [&](const std::string& name, const Json& block, const Json& counts) {
    out += fmt::format("{:<13}{:>9}{:>18}{:>18}{:>8}{:>10}\n", printable(name),
                       mmhal_value(figure(block, "average"), true),
                       mmhal_value(figure(block, "hallucination_rate"), false),
                       mmhal_value(figure(block, "informativeness"), false),
                       count(counts, "scored"), count(counts, "unjudged"));
  };
  const Json blocks = metrics.value("type_figures", Json::object());
  for (const Json& type : metrics.value("type_order", Json::array())) {
    const std::string name = type.get<std::string>();
    line(name, blocks.at(name), blocks.at(name));
  }
  line("all", metrics, metrics.value("counts", Json::object()));
  const auto range = [&](const char* key, bool rating) {
    const Figure one = figure(metrics, key);
    if (!one.low || !one.high) return std::string();
    return rating ? fmt::format("{:.2f}..{:.2f}", *one.low, *one.high)
                  : fmt::format("{:.1f}..{:.1f}", *one.low * 100, *one.high * 100);
  };
  out += fmt::format("{:<11}{:>11}{:>18}{:>18}\n", "  95 %", range("average", true),
                     range("hallucination_rate", false), range("informativeness", false));
  const Json differences = metrics.value("dialect_differences", Json::object());
  out += fmt::format("dialect {}; strict and official differ on {} of {} replies\n",
                     text_at(metrics, "dialect"), count(differences, "differ"),
                     count(differences, "replies"));
  const Json spread = metrics.value("judge_spread", Json());
  if (spread.is_object()) {
    const Figure rating = figure(spread, "rating_sd"), same = figure(spread, "same_rating"),
                 average = figure(spread, "average_sd");
    out += fmt::format(
        "judge's own spread over {} repeats: same rating for {} of the answers, {} within an "
        "answer, {} of the average (standard deviations)\n",
        count(spread, "repeats"), percent(same.value), mmhal_value(rating, true),
        average.value ? fmt::format("{:.3f}", *average.value) : "-");
  }
  for (const std::string& note : mmhal_notes(metrics)) {
    if (!note.starts_with("the dialects")) out += "note: " + printable(note) + "\n";
  }
  return out;
}

void write_mmhal_report(FileSystem& files, const fs::path& run, const fs::path& out_dir) {
  const MmhalRun read = read_mmhal_run(run);
  // Both are made before anything is written: an error leaves the older report whole.
  const std::string markdown = mmhal_markdown(read), html = mmhal_html(read);
  files.create_directories(out_dir);
  write_atomic(files, out_dir / "report.md", markdown);
  write_atomic(files, out_dir / "report.html", html);
}

}  // namespace vigor::reports
