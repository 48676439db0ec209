#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/base64.h"
#include "reports/assets.h"
#include "reports/compare_formats.h"
#include "reports/html_parts.h"
#include "reports/page.h"
#include "reports/report_drawing.h"
#include "reports/report_formats.h"
#include "reports/thumbnails.h"

namespace vigor::reports {
namespace {

std::string table_open(const std::string& label, const char* style) {
  return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" + label +
         "\"><table class=\"" + style + "\">\n<thead><tr>";
}
constexpr const char* kTableClose = "</tbody></table></div>\n";

std::string head_cell(const std::string& text, bool number = false) {
  return std::string("<th scope=\"col\"") + (number ? " class=\"n\">" : ">") + text + "</th>";
}

std::string number_cell(const std::string& value, const std::string& small = "") {
  return "<td class=\"n\">" + html_text(value) +
         (small.empty() ? "" : "<small>" + html_text(small) + "</small>") + "</td>";
}

// A size, not a step: "1.30 pt".
std::string unsigned_text(const RunMetric& metric, double size) {
  const std::string text = difference_text(metric, size);
  return text.starts_with('+') ? text.substr(1) : text;
}

std::string compared_header(const Comparison& comparison, const GateResult* gate) {
  std::string title = compare_headline(comparison, nullptr), lead;
  if (gate != nullptr) {
    lead = title + ".";
    title = std::string("Gate: ") + outcome_name(gate->outcome);
  }
  return "<header>\n<p class=\"kicker\">" + html_text(benchmark_title(comparison.benchmark)) +
         (comparison.dialect.empty() ? "" : " \xC2\xB7 dialect " + bdi(comparison.dialect)) +
         fmt::format(" \xC2\xB7 {} images \xC2\xB7 {} paired samples</p>\n<h1>",
                     comparison.clusters, comparison.paired) +
         html_text(title) + "</h1>\n" +
         (lead.empty() ? "" : "<p class=\"lead\">" + html_text(lead) + "</p>\n") + "</header>\n";
}

std::string compared_runs(const Comparison& comparison) {
  std::string out = table_open("Runs", "board") + head_cell("Run") + head_cell("Folder") +
                    head_cell("Scored", true) + head_cell("Unparsed", true) +
                    head_cell("Failed", true) + head_cell("Unjudged", true) +
                    "</tr></thead>\n<tbody>\n";
  size_t position = 0;
  for (const ComparedRun* run : {&comparison.base, &comparison.candidate}) {
    out += std::string(position == 0 ? "<tr class=\"base\">" : "<tr>") + "<th scope=\"row\">" +
           letter_html(position == 0 ? "A" : "B", position) + bdi(run->name) +
           " <small class=\"note\">" + (position == 0 ? "base" : "candidate") +
           (run->seeds > 1 ? fmt::format(", {} trainings", run->seeds) : "") +
           "</small></th><td><code class=\"data\">" + html_text(run->folder) +
           (run->candidate.empty() ? "" : "#" + html_text(run->candidate)) + "</code></td>";
    for (const int64_t count : {run->scored, run->unparsed, run->failed, run->unjudged}) {
      out += number_cell(std::to_string(count));
    }
    out += "</tr>\n";
    ++position;
  }
  return out + kTableClose;
}

std::string compared_warnings(const Comparison& comparison) {
  std::string items;
  for (const std::string& line : comparison.incomparable) {
    items += "<li>Not comparable, compared by force: " + bdi(line) + "</li>";
  }
  for (const std::string& note : comparison.notes) items += "<li>" + bdi(note) + "</li>";
  return warning_box(items);
}

const char* outcome_style(GateOutcome outcome) {
  switch (outcome) {
    case GateOutcome::kPass:
      return "better";
    case GateOutcome::kRegression:
      return "worse";
    default:
      return "unclear";
  }
}

std::string gate_section(const GateResult* gate) {
  if (gate == nullptr) return "";
  std::string out = "<section>\n<h2>Gate</h2>\n" + table_open("Gate", "plain") +
                    head_cell("Outcome") + head_cell("Rule") + head_cell("Drop found", true) +
                    head_cell("Images", true) + "</tr></thead>\n<tbody>\n";
  for (const RuleResult& rule : gate->rules) {
    out += fmt::format("<tr><th scope=\"row\"><span class=\"{}\">{}</span></th><td class=\"rule\">",
                       outcome_style(rule.outcome), outcome_name(rule.outcome)) +
           html_text(rule_sentence(rule)) + "</td>";
    out += number_cell(rule.mdd ? unsigned_text(rule.metric, *rule.mdd) : "-") +
           number_cell(std::to_string(rule.clusters),
                       rule.outcome == GateOutcome::kInconclusive && rule.clusters_needed > 0
                           ? fmt::format("{} would decide", rule.clusters_needed)
                           : "") +
           "</tr>\n";
  }
  out += kTableClose;
  out += fmt::format(
      "<p class=\"note\">\xE2\x80\x9C"
      "Drop found\xE2\x80\x9D: the smallest drop that a comparison of "
      "so many images finds with a chance of {:g} %.",
      gate->power * 100);
  if (!gate->skipped.empty()) {
    out += fmt::format(" {} rules are for other benchmarks.", gate->skipped.size());
  }
  return out + "</p>\n</section>\n";
}

std::string difference_drawings(const Comparison& comparison) {
  std::vector<ForestGroup> headline, all;
  for (const MetricComparison& one : comparison.metrics) {
    ForestGroup group{&one.metric, {}};
    group.changes.emplace_back("B " + comparison.candidate.name, &one);
    if (one.metric.headline) headline.push_back(group);
    all.push_back(std::move(group));
  }
  const double level = comparison.options.level;
  const std::string main = forests_html(headline, "A", level),
                    every = forests_html(all, "A", level);
  if (every.empty()) return "";
  std::string out =
      "<section>\n<h2>Differences</h2>\n<p class=\"note\">Candidate less base, paired by image. "
      "\xE2\x96\xB2 better, \xE2\x96\xBC worse, \xE2\x97\x8F no difference shown.</p>\n" +
      (main.empty() ? every : main);
  if (!main.empty() && main != every) {
    out += "<details class=\"more\"><summary>Every figure</summary>\n" + every + "</details>\n";
  }
  return out + "</section>\n";
}

std::string figure_row(const MetricComparison& one, bool bootstrap) {
  const RunMetric& metric = one.metric;
  std::string out =
      "<tr><th scope=\"row\">" + bdi(metric.title) + "</th>" +
      number_cell(metric_text(metric, metric.value), interval_text(metric, metric.interval)) +
      number_cell(metric_text(metric, one.candidate),
                  interval_text(metric, one.candidate_interval)) +
      number_cell(one.difference ? difference_text(metric, *one.difference) : "-",
                  one.interval ? interval_cell(one) : "") +
      "<td class=\"verdict\">" +
      (one.verdict == Verdict::kUntested ? "<span class=\"unclear\">not tested</span>"
                                         : verdict_html(&one)) +
      "</td>" + number_cell(p_cell(one.p)) + number_cell(p_cell(one.p_holm)) +
      number_cell(one.mdd ? unsigned_text(metric, *one.mdd) : "-");
  if (bootstrap) {
    out += one.bootstrap ? number_cell("", difference_text(metric, one.bootstrap->low) + " .. " +
                                               difference_text(metric, one.bootstrap->high))
                         : number_cell("-");
  }
  return out + "</tr>\n";
}

std::string figure_table(const Comparison& comparison, bool headline) {
  const bool bootstrap = comparison.options.resamples > 0;
  std::string rows, untested;
  for (const MetricComparison& one : comparison.metrics) {
    if (one.metric.headline != headline) continue;
    rows += figure_row(one, bootstrap);
    if (one.reason.empty()) continue;
    untested += "<li>" + bdi(one.metric.title) + " was not tested: " + bdi(one.reason) + "</li>";
  }
  if (rows.empty()) return "";
  return table_open(headline ? "Headline figures" : "Other figures", "plain") +
         head_cell("Figure") + head_cell("Base", true) + head_cell("Candidate", true) +
         head_cell("Difference", true) + head_cell("Verdict") + head_cell("p", true) +
         head_cell("p (Holm)", true) + head_cell("Would be found", true) +
         (bootstrap ? head_cell("Bootstrap", true) : "") + "</tr></thead>\n<tbody>\n" + rows +
         kTableClose + (untested.empty() ? "" : "<ul class=\"note\">" + untested + "</ul>\n");
}

std::string figures_section(const Comparison& comparison) {
  const std::string main = figure_table(comparison, true), rest = figure_table(comparison, false);
  std::string out = "<section>\n<h2>Figures</h2>\n" + main;
  for (const McNemar& one : comparison.mcnemar) {
    out += "<p class=\"note\">McNemar, " + (one.group.empty() ? "all questions" : bdi(one.group)) +
           fmt::format(": {} right in A alone, {} in B alone, p {}{}", one.only_base,
                       one.only_candidate, one.p < 0.0001 ? "" : "= ", html_text(p_cell(one.p))) +
           (&one == &comparison.mcnemar.front() ? " (takes questions for independent)" : "") +
           "</p>\n";
  }
  if (!rest.empty()) {
    out += "<details class=\"more\"" + std::string(main.empty() ? " open" : "") +
           "><summary>Every other figure</summary>\n" + rest + "</details>\n";
  }
  return out +
         fmt::format(
             "<p class=\"note\">Two-sided t tests paired by image, adjusted by Holm over the "
             "headline figures, over those of the yes margin and over the others; intervals are "
             "{:g} %. \xE2\x80\x9CWould be "
             "found\xE2\x80\x9D: the smallest true difference that such a comparison finds with a "
             "chance of {:g} %. \xE2\x80\x9CNo difference shown\xE2\x80\x9D is not \xE2\x80\x9Cno "
             "difference\xE2\x80\x9D: look at the interval.</p>\n</section>\n",
             comparison.options.level * 100, comparison.options.power * 100);
}

using FlipPictures = std::map<std::string, std::string>;  // name -> JPEG

FlipPictures flip_pictures(const Comparison& comparison, const std::vector<const Flip*>& shown,
                           const ComparePageOptions& options) {
  const std::filesystem::path& folder =
      comparison.base.images.empty() ? comparison.candidate.images : comparison.base.images;
  FlipPictures pictures;
  if (folder.empty()) return pictures;
  std::vector<ThumbnailRequest> requests;
  for (const Flip* flip : shown) {
    if (!flip->image.empty() && pictures.try_emplace(flip->image).second) {
      requests.push_back({folder, flip->image});
    }
  }
  ReportOptions how;
  how.thumbnail_bytes = options.picture_bytes;
  const Thumbnails made = make_thumbnails(requests, how);
  for (size_t i = 0; i < requests.size(); ++i) pictures[requests[i].name] = made.jpeg[i];
  return pictures;
}

// An answer of one word is what the scorer read.
bool says_it(const std::string& answer, const std::string& outcome) {
  return std::equal(answer.begin(), answer.end(), outcome.begin(), outcome.end(),
                    [](char a, char b) { return a == b || (a ^ b) == 0x20; });
}

std::string said_cell(const std::string& outcome, const std::string& answer, size_t limit) {
  return "<td class=\"answer\">" + bdi(cut_text(answer, limit)) +
         (outcome.empty() || says_it(answer, outcome) ? ""
                                                      : "<small>" + bdi(outcome) + "</small>") +
         "</td>";
}

std::string flip_table(const std::string& label, const std::vector<const Flip*>& flips,
                       const FlipPictures& pictures, const ComparePageOptions& options) {
  const bool with_pictures = std::any_of(pictures.begin(), pictures.end(),
                                         [](const auto& one) { return !one.second.empty(); });
  // Of captions there is no one truth.
  const bool labels =
      std::any_of(flips.begin(), flips.end(), [](const Flip* one) { return !one->label.empty(); });
  std::string out = table_open(label, "said") + (with_pictures ? head_cell("Picture") : "") +
                    head_cell("Sample") + (labels ? head_cell("Truth") : "") +
                    head_cell("Base said") + head_cell("Candidate says") +
                    "</tr></thead>\n<tbody>\n";
  for (const Flip* flip : flips) {
    out += "<tr>";
    if (with_pictures) {
      const auto found = pictures.find(flip->image);
      out += "<td>";
      if (found != pictures.end() && !found->second.empty()) {
        out += "<img src=\"data:image/jpeg;base64," + base64(found->second) + "\" alt=\"" +
               html_text(flip->image) + "\">";
      }
      out += "</td>";
    }
    // A ranking's sample is its picture, and has no question.
    out += "<th scope=\"row\">" + bdi(flip->question.empty() ? flip->id : flip->question) +
           "<small class=\"note\">" + (flip->question.empty() ? "" : bdi(flip->id)) +
           (flip->margin ? fmt::format(", margin {:+.2f}", *flip->margin) : "") + "</small></th>" +
           (labels ? "<td>" + bdi(flip->label) + "</td>" : "") +
           said_cell(flip->base_outcome, flip->base_answer, options.answer_bytes) +
           said_cell(flip->candidate_outcome, flip->candidate_answer, options.answer_bytes) +
           "</tr>\n";
  }
  return out + kTableClose;
}

std::string changed_samples(const Comparison& comparison, const ComparePageOptions& options) {
  std::vector<const Flip*> worse, better;
  for (const Flip& flip : comparison.flips) {
    if (flip.kind == Flip::Kind::kRegressed || flip.kind == Flip::Kind::kLost) {
      if (worse.size() < options.flips) worse.push_back(&flip);
    }
  }
  // Written from the end: the best comes first.
  for (auto flip = comparison.flips.rbegin(); flip != comparison.flips.rend(); ++flip) {
    if (flip->kind == Flip::Kind::kRegressed || flip->kind == Flip::Kind::kLost) break;
    if (better.size() < options.flips / 2) better.push_back(&*flip);
  }
  std::vector<const Flip*> shown = worse;
  shown.insert(shown.end(), better.begin(), better.end());
  std::string out =
      "<section>\n<h2>Samples that changed</h2>\n<p class=\"note\">" +
      fmt::format("{} regressed, {} improved, {} no longer scored, {} newly scored.",
                  comparison.regressed, comparison.improved, comparison.lost, comparison.gained);
  const size_t all_worse = static_cast<size_t>(comparison.regressed + comparison.lost);
  const size_t all_better = static_cast<size_t>(comparison.improved + comparison.gained);
  if (worse.size() < all_worse || better.size() < all_better) {
    out += fmt::format(" Here are the {} worst and the {} best; compare.json has all of them.",
                       worse.size(), better.size());
  }
  out += "</p>\n";
  const FlipPictures pictures = flip_pictures(comparison, shown, options);
  if (!worse.empty()) {
    out += "<h3>Got worse, the worst first</h3>\n" +
           flip_table("Samples that got worse", worse, pictures, options);
  }
  if (!better.empty()) {
    out += fmt::format("<details class=\"more\"><summary>Got better ({})</summary>\n", all_better) +
           flip_table("Samples that got better", better, pictures, options) + "</details>\n";
  }
  return out + "</section>\n";
}

}  // namespace

std::string compare_html(const Comparison& comparison, const GateResult* gate,
                         const ComparePageOptions& options) {
  Page page;
  page.title = comparison.candidate.name + " against " + comparison.base.name + " on " +
               comparison.benchmark;
  page.body = "<main>\n" + compared_header(comparison, gate) + compared_runs(comparison) +
              compared_warnings(comparison) + gate_section(gate) + difference_drawings(comparison) +
              figures_section(comparison) + changed_samples(comparison, options) + page_footer() +
              "</main>\n";
  page.data = Json::object();
  return render_page(page, std::string(assets::kReportCss) + std::string(assets::kRunsCss), "");
}

void write_comparison(FileSystem& files, const std::filesystem::path& folder,
                      const Comparison& comparison, const GateResult* gate) {
  const std::pair<const char*, std::string> made[] = {
      {"compare.json", dump_json(compare_json(comparison, gate), 2) + "\n"},
      {"compare.html", compare_html(comparison, gate)},
      {"compare.md", compare_markdown(comparison, gate)},
      {"junit.xml", compare_junit(comparison, gate)}};
  files.create_directories(folder);
  for (const auto& [name, text] : made) write_atomic(files, folder / name, text);
}

}  // namespace vigor::reports
