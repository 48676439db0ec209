#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/assets.h"
#include "reports/drawing.h"
#include "reports/html_parts.h"
#include "reports/page.h"
#include "reports/pope_run.h"
#include "reports/ranking_formats.h"

namespace vigor::reports {
namespace {

// Calls that the page lists, and the longest reply it carries, in bytes; samples.jsonl has all.
constexpr size_t kListed = 200;
constexpr size_t kReplyBytes = 2000;

constexpr std::pair<const char*, const char*> kNames[] = {
    {"HL", "Hallucination"},         {"CA", "Counting accuracy"}, {"AA", "Attribute accuracy"},
    {"RA", "Relationship accuracy"}, {"RL", "Relevance"},         {"RS", "Reasoning"},
    {"DL", "Level of detail"},       {"average", "Average"}};

std::string table_open(const char* label) {
  return std::string("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"") + label +
         "\"><table>\n";
}

std::string number(const std::optional<double>& value, const char* format = "{:.2f}") {
  return value ? fmt::format(fmt::runtime(format), *value) : "\xE2\x80\x93";
}

std::string heading(const RankingRun& run) {
  const RankingHeadline headline = ranking_headline(run);
  std::string out = "<header>\n<p class=\"kicker\">Caption ranking \xC2\xB7 " + bdi(run.name) +
                    " \xC2\xB7 " + bdi(text_at(run.metrics, "mode"));
  if (!run.judge.empty()) out += " \xC2\xB7 judged by " + bdi(run.judge);
  return out + "</p>\n<h1>" + bdi(headline.title) + "</h1>\n<p class=\"lead\">" +
         bdi(headline.lead) + "</p>\n</header>\n";
}

std::string tiles(const RankingRun& run) {
  const Json counts = run.metrics.value("counts", Json::object());
  const auto share = [&](const char* block, const char* key) {
    return percent(figure(run.metrics.value(block, Json()), key).value);
  };
  const auto concordance = [&](const char* block) {
    const Figure w = figure(run.metrics.value(block, Json()), "kendalls_w");
    return w.value ? "Kendall\xE2\x80\x99s W " + number(w.value) : std::string("not asked");
  };
  std::string out = "<dl class=\"tiles\">\n";
  out += tile("Calls judged", std::to_string(count(counts, "scored")),
              fmt::format("{} images; {} unjudged, {} failed", count(run.metrics, "images"),
                          count(counts, "unjudged"), count(counts, "failed")));
  out += tile("Reversed by another order", share("orders", "reversed"), concordance("orders"));
  out += tile("Reversed when asked again", share("repeats", "reversed"), concordance("repeats"));
  const Json canaries = run.metrics.value("canaries", Json());
  out += tile("Obeyed a caption", share("canaries", "first_share"),
              canaries.is_object()
                  ? fmt::format("of {} rankings with a canary; lots: {}",
                                count(canaries, "rankings"), share("canaries", "chance"))
                  : "no ranking with a canary");
  return out + "</dl>\n";
}

// A run without any figure says why in its heading, and shows its calls.
bool has_figures(const RankingRun& run) {
  const Json models = run.metrics.value("models", Json::object());
  for (const std::string& name : run.candidates) {
    for (const std::string& column : ranking_columns()) {
      if (figure(models.value(name, Json()), column).value) return true;
    }
  }
  return false;
}

std::string figures(const RankingRun& run) {
  const bool ranks = run.metrics.value("lower_is_better", true);
  const auto most = static_cast<double>(run.candidates.size());
  Scale scale;
  if (ranks) {
    scale = {.highest = most, .ticks = {}, .decimals = 2};
    for (double tick = 1; tick <= most; tick += std::max(1.0, std::floor(most / 6))) {
      scale.ticks.push_back(tick);
    }
  }
  const auto drawn = [&](Figure one) {
    for (std::optional<double>* value : {&one.value, &one.low, &one.high}) {
      if (*value) **value = ranks ? **value / most : 1 / (1 + std::exp(-**value));
    }
    return one;
  };
  const Json models = run.metrics.value("models", Json::object());
  std::string out = "<section>\n<h2>Figures</h2>\n<p class=\"note\">";
  out += ranks ? "Mean rank, 1 is best: shorter bars are better."
               : "Chance to beat a model of average strength, percent: longer bars are better.";
  out += " Whiskers are 95 % intervals by image.</p>\n<div class=\"panels\">\n";
  for (const auto& [code, name] : kNames) {
    std::vector<Bar> bars;
    for (size_t i = 0; i < run.candidates.size(); ++i) {
      const std::string& model = run.candidates[i];
      bars.push_back(
          {model, drawn(figure(models.value(model, Json()), code)), static_cast<int>(i % 6)});
    }
    const double chance = ranks ? (most + 1) / 2 / most : 0.5;
    out += std::string("<figure><h3>") + name + "</h3>" + draw_bars(name, bars, chance, scale) +
           "</figure>\n";
  }
  return out + "</div>\n<p class=\"note\">Dashed: where all are alike.</p>\n</section>\n";
}

std::string numbers(const RankingRun& run) {
  const Json models = run.metrics.value("models", Json::object());
  std::string out =
      "<section>\n<h2>All numbers</h2>\n" + table_open("All numbers") + "<thead><tr><th>Model</th>";
  for (const std::string& column : ranking_columns()) {
    out += "<th class=\"n\">" + column + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const std::string& name : run.candidates) {
    out += "<tr><th scope=\"row\">" + bdi(name) + "</th>";
    for (const std::string& column : ranking_columns()) {
      const Figure one = figure(models.value(name, Json()), column);
      out += "<td class=\"n\">" + number(one.value) + "<small>" +
             (one.low && one.high ? fmt::format("{:.2f} to {:.2f}", *one.low, *one.high)
                                  : bdi(one.reason)) +
             "</small></td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n</section>\n";
}

std::string tests(const RankingRun& run) {
  const Json blocks = run.metrics.value("tests", Json());
  if (!blocks.is_object()) return "";
  std::string out =
      "<section>\n<h2>Who differs from whom</h2>\n<p class=\"note\">Differences of "
      "the figures; p of Wilcoxon\xE2\x80\x99s signed-rank test over images, "
      "adjusted by Holm, in small print.</p>\n" +
      table_open("Pairwise tests") + "<thead><tr><th>Pair</th>";
  for (const std::string& column : ranking_columns()) {
    out += "<th class=\"n\">" + column + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  const size_t pairs = run.candidates.size() * (run.candidates.size() - 1) / 2;
  for (size_t i = 0; i < pairs; ++i) {
    std::string row;
    for (const std::string& column : ranking_columns()) {
      const Json list = blocks.value(column, Json::object()).value("pairs", Json::array());
      if (i >= list.size()) return "";
      if (row.empty()) {
        row = "<tr><th scope=\"row\">" + bdi(text_at(list[i], "a")) + " \xE2\x88\x92 " +
              bdi(text_at(list[i], "b")) + "</th>";
      }
      row += "<td class=\"n\">" + number(figure(list[i], "difference").value, "{:+.2f}") +
             "<small>p " + number(figure(list[i], "p_holm").value, "{:.2g}") + "</small></td>";
    }
    out += row + "</tr>\n";
  }
  out += "<tr class=\"average\"><th scope=\"row\">Friedman, all alike</th>";
  for (const std::string& column : ranking_columns()) {
    const Json test = blocks.value(column, Json::object()).value("friedman", Json());
    out += "<td class=\"n\">p " + number(figure(test, "p").value, "{:.2g}") + "</td>";
  }
  return out + "</tr>\n</tbody></table></div>\n</section>\n";
}

std::string trust(const RankingRun& run) {
  const Json places = run.metrics.value("places", Json::array());
  if (!places.is_array() || places.empty()) return "";
  std::string out =
      "<section>\n<h2>Does the place in the prompt decide?</h2>\n<p "
      "class=\"note\">Mean rank of whatever stood first, second, ... A judge "
      "without a lean gives all the same.</p>\n" +
      table_open("Mean rank by place") + "<tbody>\n<tr>";
  for (size_t i = 0; i < places.size(); ++i) {
    out += fmt::format("<th class=\"n\">{}</th>", i + 1);
  }
  out += "</tr>\n<tr>";
  for (const Json& place : places) {
    out += "<td class=\"n\">" +
           (place.is_number() ? fmt::format("{:.2f}", place.get<double>()) : "") + "</td>";
  }
  return out + "</tr>\n</tbody></table></div>\n</section>\n";
}

// "B > A = D" in names, the canary by its own.
std::string order_text(const Json& groups) {
  std::string out;
  if (!groups.is_array()) return "\xE2\x80\x93";
  for (const Json& group : groups) {
    if (!out.empty()) out += " > ";
    bool first = true;
    for (const Json& name : group) {
      out += (first ? "" : " = ") + (name.is_string() ? name.get<std::string>() : "(canary)");
      first = false;
    }
  }
  return out;
}

// "A NAME, B NAME": the letters are those of the reply.
std::string shown_text(const Json& shown) {
  std::string out;
  char letter = 'A';
  for (const Json& name : shown) {
    out += (out.empty() ? "" : ", ") + std::string(1, letter++) + " " +
           (name.is_string() ? name.get<std::string>() : "(canary)");
  }
  return out;
}

std::string calls(const RankingRun& run) {
  std::vector<const Json*> order;
  for (const Json& sample : run.samples) order.push_back(&sample);
  // Those without a ranking first: what a reader looks for.
  std::stable_sort(order.begin(), order.end(), [](const Json* a, const Json* b) {
    return (text_at(*a, "status") == "scored") < (text_at(*b, "status") == "scored");
  });
  const size_t listed = std::min(order.size(), kListed);
  std::string out = fmt::format(
      "<section class=\"verdicts\">\n<h2>Calls</h2>\n<p class=\"note\">{} of {}, those without a "
      "ranking first; samples.jsonl has all, with the replies whole.</p>\n",
      listed, order.size());
  for (size_t i = 0; i < listed; ++i) {
    const Json& sample = *order[i];
    out += "<details><summary>" + bdi(text_at(sample, "key")) + " \xC2\xB7 " +
           bdi(text_at(sample, "status"));
    if (const std::string error = text_at(sample, "error"); !error.empty()) {
      out += " \xC2\xB7 " + bdi(error.substr(0, 300));
    }
    out += "</summary>\n<p class=\"note\">Shown: " +
           bdi(shown_text(sample.value("shown", Json::array()))) + "</p>\n";
    const Json rankings = sample.value("rankings", Json());
    if (rankings.is_object()) {
      out += "<ul>";
      for (const auto& [code, name] : kNames) {
        if (!rankings.contains(code)) continue;
        out += "<li>" + std::string(code) + ": " + bdi(order_text(rankings[code])) + "</li>";
      }
      out += "</ul>\n";
    }
    const std::string reply = text_at(sample, "reply");
    if (!reply.empty()) {
      out +=
          "<p><code class=\"data\">" + html_lines(cut_text(reply, kReplyBytes)) + "</code></p>\n";
    }
    out += "</details>\n";
  }
  return out + "</section>\n";
}

}  // namespace

std::string ranking_html(const RankingRun& run) {
  std::string notes;
  for (const std::string& note : ranking_notes(run.metrics)) notes += "<li>" + bdi(note) + "</li>";
  Page page;
  page.title = "Caption ranking: " + run.name;
  page.body = "<main>\n" + heading(run) + warning_box(notes) + tiles(run) +
              (has_figures(run) ? figures(run) + numbers(run) + tests(run) : std::string()) +
              trust(run) + calls(run) + settings_table(flat_settings(run.run)) + page_footer() +
              "</main>\n";
  page.data = Json::object();
  return render_page(page, assets::kReportCss, "");
}

}  // namespace vigor::reports
