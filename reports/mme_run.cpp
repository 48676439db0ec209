#include "reports/mme_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;

// samples.jsonl names pictures TASK/NAME; the release has some of them one folder deeper, and
// answers made elsewhere may have the extension of a text file.
std::string picture_below(const fs::path& folder, const std::string& image) {
  if (folder.empty()) return image;
  const fs::path name(image);
  std::error_code ignored;
  for (const char* extension : {"", ".jpg", ".png"}) {
    fs::path file = name.filename();
    if (*extension != '\0') file.replace_extension(extension);
    for (const fs::path& below : {name.parent_path(), name.parent_path() / "images"}) {
      if (fs::exists(folder / below / file, ignored)) return (below / file).string();
    }
  }
  return image;
}

struct Extreme {
  std::string task;
  double score = 0;
};

}  // namespace

PopeRun read_mme_run(const fs::path& folder) {
  PopeRun result;
  result.metrics = read_run_metrics(folder, "mme", "tasks");
  result.splits = task_names(result.metrics);
  result.run = read_run_json(folder);
  result.name = run_name(result.run, folder);
  result.images_dir = find_images(result.run, folder);

  const fs::path path = folder / "samples.jsonl";
  for_each_jsonl(read_file(path), path.string(), [&](size_t line, Json&& row) {
    PopeSample sample =
        read_yes_no_sample(row, path.string() + ":" + std::to_string(line), "task", "pair");
    sample.image = picture_below(result.images_dir, sample.image);
    result.samples.push_back(std::move(sample));
  });
  return result;
}

const Json& task_block(const Json& metrics, const std::string& task) {
  static const Json kNone;
  const Json& tasks = metrics.at("tasks");
  const auto found = tasks.find(task);
  return found == tasks.end() ? kNone : *found;
}

std::vector<std::string> task_names(const Json& metrics) {
  std::vector<std::string> names;
  const auto order = metrics.find("task_order");
  if (order != metrics.end() && order->is_array()) {
    for (const Json& name : *order) {
      if (name.is_string() && metrics.at("tasks").contains(name.get<std::string>())) {
        names.push_back(name.get<std::string>());
      }
    }
  }
  return names;
}

std::string points(const Figure& figure, int decimals) {
  return figure.value ? fmt::format("{:.{}f}", *figure.value, decimals) : "-";
}

std::string task_count(int64_t tasks) {
  return fmt::format("{} task{}", tasks, tasks == 1 ? "" : "s");
}

std::string points_interval(const Figure& figure) {
  if (!figure.low || !figure.high) return "";
  return fmt::format("{:.1f} to {:.1f}", *figure.low, *figure.high);
}

MmeTotals mme_totals(const Json& metrics) {
  MmeTotals sum;
  for (const std::string& task : task_names(metrics)) {
    const Json& block = task_block(metrics, task);
    sum.right += count(block, "tp") + count(block, "tn");
    sum.questions += count(block, "questions");
    sum.other += count(block, "other");
  }
  return sum;
}

MmeHeadline mme_headline(const Json& metrics) {
  const Json all = metrics.value("all_tasks", Json::object());
  const Figure perception = figure(metrics, "perception"), cognition = figure(metrics, "cognition"),
               sum = figure(all, "score");
  if (!sum.value) {
    const std::string reason = sum.reason.empty() ? "metrics.json holds no score" : sum.reason;
    return {"No score for this run", "The reason: " + reason + "."};
  }
  MmeHeadline headline;
  if (perception.value) {
    headline.title = fmt::format("Perception {} of 2000", points(perception));
  }
  if (cognition.value) {
    headline.title += fmt::format("{} {} of 800", perception.value ? ", cognition" : "Cognition",
                                  points(cognition));
  }
  if (headline.title.empty()) {
    headline.title =
        fmt::format("{} of {:.0f} points in {}", points(sum),
                    figure(all, "maximum").value.value_or(0), task_count(count(all, "tasks")));
  }
  const MmeTotals totals = mme_totals(metrics);
  Extreme best, worst;
  for (const std::string& task : task_names(metrics)) {
    const Figure score = figure(task_block(metrics, task), "score");
    if (!score.value) continue;
    if (best.task.empty() || *score.value > best.score) best = {task, *score.value};
    if (worst.task.empty() || *score.value < worst.score) worst = {task, *score.value};
  }
  headline.lead =
      fmt::format("{} of {} questions are answered rightly", totals.right, totals.questions);
  headline.lead +=
      best.task == worst.task
          ? "."
          : fmt::format("; best in {} ({:.1f} of 200), worst in {} ({:.1f}). Guessing gives 75.",
                        best.task, best.score, worst.task, worst.score);
  return headline;
}

std::vector<std::string> mme_notes(const Json& metrics) {
  std::vector<std::string> notes;
  if (metrics.value("complete", Json(true)) == false) {
    notes.push_back("Not complete: these figures are not of all questions");
  }
  const Json counts = metrics.value("counts", Json::object());
  if (count(counts, "unparsed") + count(counts, "failed") + count(counts, "unjudged") > 0) {
    notes.push_back(fmt::format("{} neither yes nor no, {} failed, next to {} scored answers",
                                count(counts, "unparsed"), count(counts, "failed"),
                                count(counts, "scored")));
  }
  const std::string whole = text_at(metrics, "reason");
  if (!whole.empty()) notes.push_back("Not computed: " + whole);
  for (const std::string& task : task_names(metrics)) {
    const std::string reason = text_at(task_block(metrics, task), "reason");
    if (!reason.empty() && reason != whole)
      notes.push_back("Not computed: " + task + ": " + reason);
  }
  for (const Json& warning : metrics.value("warnings", Json::array())) {
    if (warning.is_string()) notes.push_back(warning.get<std::string>());
  }
  return notes;
}

std::string mme_table_text(const Json& metrics) {
  std::string out = fmt::format("{:<22}{:>10}{:>18}{:>10}{:>10}{:>8}{:>7}\n", "task", "score",
                                "95 %", "acc", "acc+", "images", "other");
  for (const std::string& task : task_names(metrics)) {
    const Json& block = task_block(metrics, task);
    const Figure score = figure(block, "score");
    const std::string interval =
        score.low && score.high ? fmt::format("{:.1f}..{:.1f}", *score.low, *score.high) : "";
    out += fmt::format("{:<22}{:>10}{:>18}{:>10}{:>10}{:>8}{:>7}\n", task, points(score, 2),
                       interval, percent(figure(block, "acc").value, 2),
                       percent(figure(block, "acc_plus").value, 2), count(block, "images"),
                       count(block, "other"));
  }
  const auto total = [&](const std::string& name, const Figure& sum, double highest) {
    const std::string interval =
        sum.low && sum.high ? fmt::format("{:.1f}..{:.1f}", *sum.low, *sum.high) : "";
    out += fmt::format("{:<22}{:>10}{:>18}  of {:.0f}\n", name, points(sum, 2), interval, highest);
  };
  const Figure perception = figure(metrics, "perception"), cognition = figure(metrics, "cognition");
  const Json all = metrics.value("all_tasks", Json::object());
  total("perception", perception, 2000);
  total("cognition", cognition, 800);
  if (!perception.value || !cognition.value) {
    total(task_count(count(all, "tasks")), figure(all, "score"),
          figure(all, "maximum").value.value_or(0));
  }
  const Json counts = metrics.value("counts", Json::object());
  out += fmt::format("dialect {}; scored {}, unparsed {}, failed {}, unjudged {}\n",
                     printable(text_at(metrics, "dialect")), count(counts, "scored"),
                     count(counts, "unparsed"), count(counts, "failed"), count(counts, "unjudged"));
  for (const std::string& note : mme_notes(metrics)) out += "note: " + printable(note) + "\n";
  return out;
}

void write_mme_report(FileSystem& files, const fs::path& run, const ReportOptions& options) {
  const PopeRun read = read_mme_run(run);
  // Both are made before anything is written: an error leaves the older report whole.
  const std::string markdown = mme_markdown(read, options), html = mme_html(read, options);
  files.create_directories(options.out_dir);
  write_atomic(files, options.out_dir / "report.md", markdown);
  write_atomic(files, options.out_dir / "report.html", html);
}

}  // namespace vigor::reports
