#include <fmt/format.h>

#include "reports/assets.h"
#include "reports/drawing.h"
#include "reports/html_parts.h"
#include "reports/mme_run.h"
#include "reports/page.h"
#include "reports/pope_formats.h"
#include "reports/pope_samples.h"

namespace vigor::reports {
namespace {

constexpr double kHighest = 200;  // of a task's score
constexpr double kGuess =
    75 / kHighest;  // a coin: half of the questions, a quarter of the pictures

// What a drawing has room for.
std::string short_name(const std::string& task) {
  if (task == "commonsense_reasoning") return "commonsense";
  if (task == "numerical_calculation") return "calculation";
  if (task == "text_translation") return "translation";
  if (task == "code_reasoning") return "code";
  return task;
}

Figure scaled(Figure figure, double factor) {
  for (std::optional<double>* value : {&figure.value, &figure.low, &figure.high}) {
    if (*value) **value *= factor;
  }
  return figure;
}

std::string heading(const PopeRun& run) {
  const MmeHeadline headline = mme_headline(run.metrics);
  std::string out =
      "<header>\n<p class=\"kicker\">MME \xC2\xB7 perception and cognition \xC2\xB7 " +
      bdi(run.name) + " \xC2\xB7 dialect " + bdi(text_at(run.metrics, "dialect"));
  const std::string created = text_at(run.run, "created");
  if (!created.empty()) out += " \xC2\xB7 " + bdi(created);
  return out + "</p>\n<h1>" + html_text(headline.title) + "</h1>\n<p class=\"lead\">" +
         bdi(headline.lead) + "</p>\n</header>\n";
}

std::string tiles(const Json& metrics) {
  const auto sum_tile = [](const std::string& name, const Figure& sum, double highest) {
    const std::string interval = points_interval(sum);
    return tile(name, points(sum),
                !sum.value         ? sum.reason
                : interval.empty() ? fmt::format("of {:.0f}", highest)
                                   : fmt::format("of {:.0f}, 95 % interval {}", highest, interval));
  };
  const Json all = metrics.value("all_tasks", Json::object());
  const Figure perception = figure(metrics, "perception"), cognition = figure(metrics, "cognition"),
               auroc = figure(all, "auroc");
  const MmeTotals totals = mme_totals(metrics);
  std::string out = "<dl class=\"tiles\">\n";
  if (perception.value || cognition.value) {
    out += sum_tile("Perception", perception, 2000) + sum_tile("Cognition", cognition, 800);
  } else {
    out += sum_tile(task_count(count(all, "tasks")), figure(all, "score"),
                    figure(all, "maximum").value.value_or(0));
  }
  const auto right =
      totals.questions > 0
          ? std::optional(static_cast<double>(totals.right) / static_cast<double>(totals.questions))
          : std::nullopt;
  out += tile("Questions right", percent(right),
              fmt::format("{} of {}", totals.right, totals.questions));
  out += tile("Neither yes nor no", std::to_string(totals.other), "answers, counted as other");
  if (auroc.value) {
    const std::string interval = interval_text(auroc);
    out += tile("Ranking (AUROC)", percent(auroc.value),
                interval.empty() ? "of the yes margin" : "95 % interval " + interval);
  }
  return out + "</dl>\n";
}

// `key` of every task of the group, drawn as a fraction of `highest`.
std::string bars_panel(const Json& metrics, const std::string& group, const char* key,
                       const std::string& name, double highest, std::optional<double> reference,
                       const char* caption) {
  std::vector<Bar> bars;
  for (const std::string& task : task_names(metrics)) {
    const Json& block = task_block(metrics, task);
    if (!group.empty() && text_at(block, "group") != group) continue;
    bars.push_back({short_name(task), scaled(figure(block, key), 1 / highest),
                    text_at(block, "group") == "cognition" ? 1 : 0});
  }
  if (bars.empty()) return "";
  const Scale scores{kHighest, {0, 50, 100, 150, 200}, 1};
  return "<figure><h3>" + html_text(name) + "</h3>" +
         draw_bars(name + " by task", bars, reference, highest == kHighest ? scores : Scale{}) +
         "<figcaption>" + caption + "</figcaption></figure>\n";
}

std::string figures(const Json& metrics) {
  std::string out =
      "<section>\n<h2>By task</h2>\n<p class=\"note\">Whiskers are 95 % intervals, clustered by "
      "image: the questions of one image are not independent.</p>\n<div class=\"panels\">\n";
  out += bars_panel(metrics, "perception", "score", "Perception", kHighest, kGuess,
                    "Score of a task, 0 to 200. Dashed: a coin.");
  out += bars_panel(metrics, "cognition", "score", "Cognition", kHighest, kGuess,
                    "Score of a task, 0 to 200. Dashed: a coin.");
  out +=
      bars_panel(metrics, "", "acc", "Questions right (acc)", 1, 0.5, "Percent. Dashed: a coin.");
  out += bars_panel(metrics, "", "acc_plus", "Both questions of a picture right (acc+)", 1, 0.25,
                    "Percent. Dashed: a coin.");
  std::vector<Lean> leans;
  for (const std::string& task : task_names(metrics)) {
    const Json& block = task_block(metrics, task);
    const int64_t yes = count(block, "tp") + count(block, "fn"),
                  all = yes + count(block, "tn") + count(block, "fp");
    leans.push_back({short_name(task), figure(block, "yes_ratio"),
                     all > 0 ? std::optional(static_cast<double>(yes) / static_cast<double>(all))
                             : std::nullopt,
                     text_at(block, "group") == "cognition" ? 1 : 0});
  }
  out += "<figure><h3>Lean to \xE2\x80\x9Cyes\xE2\x80\x9D</h3>" +
         draw_lean("Share of yes answers by task", leans) +
         "<figcaption>Dot: share of \xE2\x80\x9Cyes\xE2\x80\x9D answers; bar: the share that would "
         "be right; number: the difference in points.</figcaption></figure>\n";
  const Json all = metrics.value("all_tasks", Json::object());
  if (all.is_object() && all.contains("calibration") && all["calibration"].is_object()) {
    const Figure ece = figure(all["calibration"], "ece");
    out += "<figure><h3>Does it know when it is sure?</h3>" +
           draw_reliability("Reliability of the yes margin",
                            {{"all tasks", reliability_points(all["calibration"]), 0}}) +
           "<figcaption>The yes margin as a probability, against how often yes was right" +
           (ece.value ? fmt::format("; error {:.1f} points", *ece.value * 100) : std::string()) +
           ". On the dashed line, stated and true agree.</figcaption></figure>\n";
  }
  return out + "</div>\n</section>\n";
}

std::string numbers(const Json& metrics) {
  std::string out =
      "<section>\n<h2>All numbers</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"All numbers\"><table>\n<thead><tr><th>Task</th>";
  for (const char* head :
       {"Score", "acc", "acc+", "Pictures", "TP", "FP", "TN", "FN", "Other", "Failed"}) {
    out += std::string("<th class=\"n\">") + head + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  const auto cell = [](const std::string& value, const std::string& note) {
    return "<td class=\"n\">" + value + "<small>" + bdi(note) + "</small></td>";
  };
  for (const std::string& task : task_names(metrics)) {
    const Json& block = task_block(metrics, task);
    const Figure score = figure(block, "score");
    out += "<tr><th scope=\"row\">" + bdi(task) + "</th>" +
           cell(points(score, 2), score.value ? points_interval(score) : score.reason);
    for (const char* key : {"acc", "acc_plus"}) {
      const Figure one = figure(block, key);
      out += cell(percent(one.value, 2), one.value ? interval_text(one) : one.reason);
    }
    for (const char* key : {"images", "tp", "fp", "tn", "fn", "other", "failed"}) {
      out += fmt::format("<td class=\"n\">{}</td>", count(block, key));
    }
    out += "</tr>\n";
  }
  // Why a sum is missing stands above, and would make the column wide.
  const auto total = [&](const std::string& name, const Figure& sum) {
    out += "<tr class=\"average\"><th scope=\"row\">" + name + "</th>" +
           cell(points(sum, 2), points_interval(sum)) + "<td colspan=\"9\"></td></tr>\n";
  };
  const Figure perception = figure(metrics, "perception"), cognition = figure(metrics, "cognition");
  const Json all = metrics.value("all_tasks", Json::object());
  total("perception, of 2000", perception);
  total("cognition, of 800", cognition);
  if (!perception.value || !cognition.value) {
    total(fmt::format("{}, of {:.0f}", task_count(count(all, "tasks")),
                      figure(all, "maximum").value.value_or(0)),
          figure(all, "score"));
  }
  return out + "</tbody></table></div>\n</section>\n";
}

}  // namespace

std::string mme_html(const PopeRun& run, const ReportOptions& options) {
  std::string notes;
  for (const std::string& note : mme_notes(run.metrics)) notes += "<li>" + bdi(note) + "</li>";
  SampleTable samples = sample_table({run}, options, {.group = "Task", .wrong_yes = "Wrong yes"});
  Page page;
  page.title = "MME: " + run.name;
  page.body = "<main>\n" + heading(run) + warning_box(notes) + tiles(run.metrics) +
              figures(run.metrics) + numbers(run.metrics) + speed_section({run}) + samples.markup +
              settings_table(flat_settings(run.run)) + page_footer() + "</main>\n";
  page.data = std::move(samples.data);
  return render_page(page, assets::kReportCss,
                     std::string(assets::kListJs) + std::string(assets::kReportJs));
}

}  // namespace vigor::reports
