#include <fmt/format.h>

#include <algorithm>

#include "reports/assets.h"
#include "reports/drawing.h"
#include "reports/html_parts.h"
#include "reports/mmhal_run.h"
#include "reports/page.h"

namespace vigor::reports {
namespace {

// Longest text of an answer or a reply that the page carries, in bytes; samples.jsonl is whole.
constexpr size_t kTextBytes = 4000;

struct Column {
  const char* key;
  const char* name;
  bool rating;  // 0 to 6 instead of a share
  const char* caption;
};
constexpr Column kColumns[] = {
    {"average", "Rating", true, "Mean of the judge's ratings, 0 to 6. Higher is better."},
    {"hallucination_rate", "Hallucination", false,
     "Percent of answers with a rating below 3. Lower is better."},
    {"informativeness", "Informativeness", false,
     "Percent of the most informative, hallucinating or not (RLHF-V). Higher is better."},
};

std::string heading(const MmhalRun& run) {
  const Figure rate = figure(run.metrics, "hallucination_rate"),
               average = figure(run.metrics, "average");
  std::string title = "No score for this run", lead = "The reason: " + average.reason + ".";
  if (rate.value && average.value) {
    title = fmt::format("{:.0f} of 100 answers hallucinate", *rate.value * 100);
    lead = fmt::format("Mean rating {:.2f} of 6 over {} judged answers.", *average.value,
                       count(run.metrics.value("counts", Json::object()), "scored"));
  }
  std::string out = "<header>\n<p class=\"kicker\">MMHal-Bench \xC2\xB7 " + bdi(run.name) +
                    " \xC2\xB7 dialect " + bdi(text_at(run.metrics, "dialect"));
  if (!run.judge.empty()) out += " \xC2\xB7 judged by " + bdi(run.judge);
  const Json prompt = run.metrics.value("template", Json());
  if (prompt.is_object()) out += " \xC2\xB7 prompt " + bdi(text_at(prompt, "name"));
  return out + "</p>\n<h1>" + html_text(title) + "</h1>\n<p class=\"lead\">" + bdi(lead) +
         "</p>\n</header>\n";
}

std::string tiles(const MmhalRun& run) {
  std::string out = "<dl class=\"tiles\">\n";
  for (const Column& column : kColumns) {
    const Figure one = figure(run.metrics, column.key);
    const std::string interval = mmhal_interval(one, column.rating);
    out += tile(column.name, mmhal_value(one, column.rating),
                interval.empty() ? one.reason : "95 % interval " + interval);
  }
  const Json counts = run.metrics.value("counts", Json::object());
  out += tile(
      "Judged", std::to_string(count(counts, "scored")),
      fmt::format("{} unjudged, {} failed", count(counts, "unjudged"), count(counts, "failed")));
  return out + "</dl>\n";
}

// A rating as the fraction of its scale that drawings take.
Figure as_share(Figure figure, bool rating) {
  if (!rating) return figure;
  for (std::optional<double>* value : {&figure.value, &figure.low, &figure.high}) {
    if (*value) **value /= 6;
  }
  return figure;
}

std::vector<std::string> type_names(const MmhalRun& run) {
  std::vector<std::string> names;
  for (const Json& name : run.metrics.value("type_order", Json::array())) {
    if (name.is_string()) names.push_back(name.get<std::string>());
  }
  return names;
}

// A run without any figure says why in its heading.
bool has_figures(const MmhalRun& run) {
  const Json blocks = run.metrics.value("type_figures", Json::object());
  const std::vector<std::string> types = type_names(run);
  return std::any_of(types.begin(), types.end(), [&](const std::string& type) {
    return figure(blocks.value(type, Json()), kColumns[0].key).value.has_value();
  });
}

std::string figures(const MmhalRun& run) {
  const Json blocks = run.metrics.value("type_figures", Json::object());
  const std::vector<std::string> types = type_names(run);
  if (!has_figures(run)) return "";
  std::string out =
      "<section>\n<h2>By type of question</h2>\n<p class=\"note\">Whiskers are 95 % intervals, "
      "clustered by picture.</p>\n<div class=\"panels\">\n";
  for (const Column& column : kColumns) {
    std::vector<Bar> bars;
    for (const std::string& type : types) {
      bars.push_back(
          {type, as_share(figure(blocks.value(type, Json()), column.key), column.rating), 0});
    }
    const Scale ratings{6, {0, 1, 2, 3, 4, 5, 6}, 2};
    out += std::string("<figure><h3>") + column.name + "</h3>" +
           draw_bars(std::string(column.name) + " by type", bars, std::nullopt,
                     column.rating ? ratings : Scale{}) +
           "<figcaption>" + column.caption + "</figcaption></figure>\n";
  }
  return out + "</div>\n</section>\n";
}

std::string numbers(const MmhalRun& run) {
  const bool any_figures = has_figures(run);
  std::string out =
      "<section>\n<h2>All numbers</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"All numbers\"><table>\n<thead><tr><th>Type</th>";
  for (const Column& column : kColumns)
    out += std::string("<th class=\"n\">") + column.name + "</th>";
  out +=
      "<th class=\"n\">Scored</th><th class=\"n\">Unjudged</th><th class=\"n\">Failed</th>"
      "</tr></thead>\n<tbody>\n";
  const auto line = [&](const std::string& name, const Json& block, const Json& counts, bool all) {
    out += std::string(all ? "<tr class=\"average\">" : "<tr>") + "<th scope=\"row\">" + bdi(name) +
           "</th>";
    for (const Column& column : kColumns) {
      const Figure one = figure(block, column.key);
      out += "<td class=\"n\">" + mmhal_value(one, column.rating) + "<small>" +
             (one.value     ? bdi(mmhal_interval(one, column.rating))
              : any_figures ? bdi(one.reason)
                            : std::string()) +
             "</small></td>";
    }
    for (const char* status : {"scored", "unjudged", "failed"}) {
      out += fmt::format("<td class=\"n\">{}</td>", count(counts, status));
    }
    out += "</tr>\n";
  };
  const Json blocks = run.metrics.value("type_figures", Json::object());
  for (const std::string& type : type_names(run)) {
    const Json block = blocks.value(type, Json());
    line(type, block, block, false);
  }
  line("all", run.metrics, run.metrics.value("counts", Json::object()), true);
  out += "</tbody></table></div>\n<p class=\"note\">Ratings given:";
  const Json histogram = run.metrics.value("histogram", Json::object());
  for (int score = 0; score <= 6; ++score) {
    out += fmt::format(" {} \xC3\x97 {}{}", count(histogram, std::to_string(score)), score,
                       score < 6 ? "," : ".");
  }
  return out + "</p>\n</section>\n";
}

std::string spread(const MmhalRun& run) {
  const Json block = run.metrics.value("judge_spread", Json());
  if (!block.is_object()) return "";
  const Figure same = figure(block, "same_rating"), verdict = figure(block, "same_hallucination"),
               rating = figure(block, "rating_sd"), average = figure(block, "average_sd");
  return "<section>\n<h2>The judge's own spread</h2>\n<p>" +
         html_text(fmt::format(
             "Each answer was judged {} times. The rating was the same every time for {} of the "
             "answers, the verdict on hallucination for {}. Standard deviation of the rating of "
             "one "
             "answer: {}; of the mean rating: {}.",
             count(block, "repeats"), percent(same.value), percent(verdict.value),
             mmhal_value(rating, true),
             average.value ? fmt::format("{:.3f}", *average.value) : "-")) +
         "</p>\n</section>\n";
}

std::string verdict_of(const MmhalSample& sample) {
  if (sample.rating) {
    return fmt::format("{} rated {}, {}", sample.hallucination ? "\xE2\x9C\x97" : "\xE2\x9C\x93",
                       *sample.rating, sample.hallucination ? "hallucination" : "no hallucination");
  }
  return "\xE2\x97\x8B " + sample.status;
}

std::string entry(const MmhalSample& sample) {
  const char* mark = !sample.rating ? "unjudged" : sample.hallucination ? "wrong" : "right";
  std::string out = "<details class=\"verdict\"><summary><span class=\"mark " + std::string(mark) +
                    "\">" + html_text(verdict_of(sample)) + "</span> " +
                    bdi(sample.question.empty() ? "record " + sample.key : sample.question) +
                    (sample.repeat > 0 ? fmt::format(" \xC2\xB7 judged again ({})", sample.repeat)
                                       : std::string()) +
                    "</summary>\n<dl>";
  const auto row = [&](const char* name, const std::string& text) {
    if (!text.empty())
      out += std::string("<dt>") + name + "</dt><dd class=\"data\">" +
             html_lines(cut_text(text, kTextBytes)) + "</dd>";
  };
  row("Record", sample.key + (sample.image.empty() ? "" : ", picture " + sample.image));
  row("Type", sample.type);
  row("Answer", sample.answer);
  row("Standard answer", sample.standard_answer);
  row("Judge", sample.reply);
  row("Why not judged", sample.reason);
  row("Error", sample.error);
  return out + "</dl></details>\n";
}

// Unjudged ones first, then the worst: what a reader looks for.
std::string verdicts(const MmhalRun& run) {
  std::vector<const MmhalSample*> order;
  for (const MmhalSample& sample : run.samples) order.push_back(&sample);
  std::stable_sort(order.begin(), order.end(), [](const MmhalSample* a, const MmhalSample* b) {
    return a->rating.value_or(-1) < b->rating.value_or(-1);
  });
  std::string out =
      "<section class=\"verdicts\">\n<h2>Answers</h2>\n<p class=\"note\">Without a "
      "rating first, then from the lowest rating up.</p>\n";
  for (const MmhalSample* sample : order) out += entry(*sample);
  return out + "</section>\n";
}

}  // namespace

std::string mmhal_html(const MmhalRun& run) {
  std::string notes;
  for (const std::string& note : mmhal_notes(run.metrics)) notes += "<li>" + bdi(note) + "</li>";
  Page page;
  page.title = "MMHal-Bench: " + run.name;
  page.body = "<main>\n" + heading(run) + warning_box(notes) + tiles(run) + figures(run) +
              numbers(run) + spread(run) + verdicts(run) + settings_table(flat_settings(run.run)) +
              page_footer() + "</main>\n";
  page.data = Json::object();
  return render_page(page, assets::kReportCss, "");
}

}  // namespace vigor::reports
