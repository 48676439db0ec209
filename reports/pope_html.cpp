#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/assets.h"
#include "reports/drawing.h"
#include "reports/html_parts.h"
#include "reports/page.h"
#include "reports/pope_formats.h"
#include "reports/pope_samples.h"

namespace vigor::reports {
namespace {

using Runs = std::vector<PopeRun>;
using Splits = std::vector<std::string>;

std::string heading(const Runs& runs) {
  const Headline headline = pope_headline(runs);
  std::string out = "<header>\n<p class=\"kicker\">POPE \xC2\xB7 object hallucination";
  if (runs.size() == 1) {
    out += " \xC2\xB7 " + bdi(runs[0].name) + " \xC2\xB7 dialect " +
           bdi(text_at(runs[0].metrics, "dialect"));
    const std::string created = text_at(runs[0].run, "created");
    if (!created.empty()) out += " \xC2\xB7 " + bdi(created);
  }
  out += "</p>\n<h1>" + html_text(headline.title) + "</h1>\n<p class=\"lead\">" +
         bdi(headline.lead) + "</p>\n</header>\n";
  if (runs.size() > 1) {
    out += "<ul class=\"legend\">";
    for (size_t i = 0; i < runs.size(); ++i) {
      out += "<li>" + swatch(fmt::format("fill-{}", i % 6)) + "<strong>" + run_letter(i) +
             "</strong> " + bdi(runs[i].name) + " <span class=\"note\">" +
             bdi(text_at(runs[i].metrics, "dialect")) + "</span></li>";
    }
    out += "</ul>\n";
  }
  return out;
}

std::string tiles(const PopeRun& run) {
  const auto note = [](const Figure& figure) {
    const std::string interval = interval_text(figure);
    if (!figure.value) return figure.reason;
    return interval.empty() ? std::string("mean of the splits") : "95 % interval " + interval;
  };
  const Totals sum = totals(run.metrics);
  const Figure accuracy = figure(average_block(run), "accuracy"),
               f1 = figure(average_block(run), "f1"), yes = figure(average_block(run), "yes_ratio");
  std::string out = "<dl class=\"tiles\">\n";
  out += tile("Accuracy", percent(accuracy.value), note(accuracy));
  out += tile("F1", percent(f1.value), note(f1));
  out += tile("Says \xE2\x80\x9Cyes\xE2\x80\x9D", percent(yes.value),
              "right would be " + percent(sum.present_share()));
  const Figure alarms = false_alarms(run);
  const std::string interval = interval_text(alarms);
  out += tile("Absent objects reported", percent(alarms.value),
              interval.empty() ? fmt::format("{} of {} questions", sum.fp, sum.fp + sum.tn)
                               : "95 % interval " + interval);
  return out + "</dl>\n";
}

std::string warnings(const Runs& runs) {
  std::string items;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string who = runs.size() > 1 ? run_letter(i) + ": " : "";
    if (runs[i].metrics.value("complete", Json(true)) == false) {
      items += "<li>" + who + "Not complete: these figures are not of all questions.</li>";
    }
    const Totals sum = totals(runs[i].metrics);
    if (sum.unparsed + sum.failed + sum.unjudged > 0) {
      items +=
          fmt::format("<li>{}{} unparsed, {} failed, {} unjudged, next to {} scored answers.</li>",
                      who, sum.unparsed, sum.failed, sum.unjudged, sum.scored);
    }
    for (const auto& [what, reason] : score_reasons(runs[i].metrics)) {
      items +=
          "<li>" + who + "Not computed: " + bdi(what) + " \xE2\x80\x93 " + bdi(reason) + "</li>";
    }
    const Json list = runs[i].metrics.value("warnings", Json::array());
    for (const Json& warning : list) {
      if (warning.is_string()) items += "<li>" + who + bdi(warning.get<std::string>()) + "</li>";
    }
  }
  for (const std::string& difference : incomparable(runs)) {
    items += "<li>Not comparable, settings differ \xE2\x80\x93 " + bdi(difference) + "</li>";
  }
  return warning_box(items);
}

std::string bars_panel(const Runs& runs, const Splits& splits, const char* key, const char* name,
                       std::optional<double> reference, const char* caption) {
  std::vector<Bar> bars;
  bool any = false;
  const auto add = [&](const std::string& label, const Json& block, size_t run, bool first) {
    if (!block.is_object()) return first;
    const Figure one = figure(block, key);
    if (!one.value && one.reason.empty() && !block.contains(key)) return first;
    any = any || one.value;
    bars.push_back({first ? label : "", one, static_cast<int>(run)});
    return false;
  };
  for (const std::string& split : splits) {
    bool first = true;
    for (size_t i = 0; i < runs.size(); ++i)
      first = add(split, split_block(runs[i], split), i, first);
  }
  if (splits.size() > 1) {
    bool first = true;
    for (size_t i = 0; i < runs.size(); ++i)
      first = add("average", average_block(runs[i]), i, first);
  }
  if (!any) return "";
  return std::string("<figure><h3>") + name + "</h3>" +
         draw_bars(std::string(name) + " by split, percent", bars, reference) + "<figcaption>" +
         caption + "</figcaption></figure>\n";
}

std::string figures(const Runs& runs, const Splits& splits) {
  std::string out =
      "<section>\n<h2>Figures</h2>\n<p class=\"note\">Percent. Whiskers are 95 % intervals, "
      "clustered by image"
      ": the questions of one image are not independent.</p>\n<div class=\"panels\">\n";
  out += bars_panel(runs, splits, "accuracy", "Accuracy", 0.5, "Dashed: a coin.");
  out +=
      bars_panel(runs, splits, "f1", "F1", std::nullopt, "Harmonic mean of precision and recall.");
  out += bars_panel(runs, splits, "precision", "Precision", std::nullopt,
                    "Of the objects it reports, how many are there.");
  out += bars_panel(runs, splits, "recall", "Recall", std::nullopt,
                    "Of the objects that are there, how many it reports.");
  out += bars_panel(
      runs, splits, "auroc", "Ranking (AUROC of the yes margin)", 0.5,
      "How well the margin tells present from absent, whatever the threshold. Dashed: a coin.");
  std::vector<Lean> leans;
  for (const std::string& split : splits) {
    bool first = true;
    for (size_t i = 0; i < runs.size(); ++i) {
      const Json& block = split_block(runs[i], split);
      if (!block.is_object()) continue;
      const int64_t present = count(block, "tp") + count(block, "fn"),
                    all = present + count(block, "tn") + count(block, "fp");
      leans.push_back({first ? split : "", figure(block, "yes_ratio"),
                       all > 0
                           ? std::optional(static_cast<double>(present) / static_cast<double>(all))
                           : std::nullopt,
                       static_cast<int>(i)});
      first = false;
    }
  }
  out += "<figure><h3>Lean to \xE2\x80\x9Cyes\xE2\x80\x9D</h3>" +
         draw_lean("Share of yes answers by split", leans) +
         "<figcaption>Dot: share of \xE2\x80\x9Cyes\xE2\x80\x9D answers; bar: the share that would "
         "be right; number: the difference "
         "in points.</figcaption></figure>\n";
  return out + "</div>\n</section>\n";
}

std::string confusions(const Runs& runs, const Splits& splits) {
  std::string out = "<section>\n<h2>Where it errs</h2>\n";
  for (size_t i = 0; i < runs.size(); ++i) {
    out += "<div class=\"panels\">\n";
    for (const std::string& split : splits) {
      const Json& block = split_block(runs[i], split);
      if (!block.is_object()) continue;
      const std::string name = (runs.size() > 1 ? run_letter(i) + " \xC2\xB7 " : "") + split;
      out += "<figure><h3>" + bdi(name) + "</h3>" +
             draw_confusion("Confusion of " + name, count(block, "tp"), count(block, "fp"),
                            count(block, "tn"), count(block, "fn")) +
             "</figure>\n";
    }
    out += "</div>\n";
  }
  return out +
         "<p class=\"note\">Shares are of the row. Blue is right, orange is "
         "wrong.</p>\n</section>\n";
}

std::string reliability(const Runs& runs, const Splits& splits) {
  std::string panels;
  for (size_t i = 0; i < runs.size(); ++i) {
    std::vector<ReliabilityCurve> curves;
    std::string legend;
    for (size_t s = 0; s < splits.size(); ++s) {
      const Json& block = split_block(runs[i], splits[s]);
      if (!block.is_object() || !block.contains("calibration") || !block["calibration"].is_object())
        continue;
      const Json& calibration = block["calibration"];
      ReliabilityCurve curve{splits[s], reliability_points(calibration), static_cast<int>(s)};
      const Figure ece = figure(calibration, "ece");
      legend += "<li>" + swatch(fmt::format("fill-{}", s % 6)) + bdi(splits[s]) +
                (ece.value ? fmt::format(", error {:.1f} points", *ece.value * 100) : "") + "</li>";
      curves.push_back(std::move(curve));
    }
    if (curves.empty()) continue;
    const std::string name = runs.size() > 1 ? run_letter(i) : "Reliability";
    panels += "<figure><h3>" + name + "</h3>" +
              draw_reliability("Reliability of the yes margin", curves) + "<ul class=\"legend\">" +
              legend + "</ul></figure>\n";
  }
  if (panels.empty()) return "";
  return "<section>\n<h2>Does it know when it is sure?</h2>\n<p class=\"note\">The yes margin as a "
         "probability, against how often "
         "the object really was there. On the dashed line, stated and true agree; below it, "
         "\xE2\x80\x9Cyes\xE2\x80\x9D is said too "
         "surely. Larger dots hold more answers.</p>\n<div class=\"panels\">\n" +
         panels + "</div>\n</section>\n";
}

std::string numbers(const Runs& runs, const Splits& splits) {
  const bool several = runs.size() > 1;
  std::string out =
      "<section>\n<h2>All numbers</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"All numbers\"><table>\n<thead><tr><th>Split</th>";
  if (several) out += "<th>Run</th>";
  for (const char* head : {"Accuracy", "Precision", "Recall", "F1", "Yes ratio", "TP", "FP", "TN",
                           "FN", "Unparsed", "Failed"}) {
    out += std::string("<th class=\"n\">") + head + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  const auto line = [&](const std::string& name, size_t run, const Json& block, bool split) {
    out += std::string(split ? "<tr>" : "<tr class=\"average\">") + "<th scope=\"row\">" +
           bdi(name) + "</th>";
    if (several) out += "<td>" + run_letter(run) + "</td>";
    for (const char* key : {"accuracy", "precision", "recall", "f1", "yes_ratio"}) {
      const Figure one = figure(block, key);
      out += "<td class=\"n\">" + percent(one.value, 2) + "<small>" +
             bdi(one.value ? interval_text(one) : one.reason) + "</small></td>";
    }
    for (const char* key : {"tp", "fp", "tn", "fn", "unparsed", "failed"}) {
      out += split ? fmt::format("<td class=\"n\">{}</td>", count(block, key)) : "<td></td>";
    }
    out += "</tr>\n";
  };
  for (const std::string& split : splits) {
    for (size_t i = 0; i < runs.size(); ++i) {
      const Json& block = split_block(runs[i], split);
      if (block.is_object()) line(split, i, block, true);
    }
  }
  if (splits.size() > 1) {
    for (size_t i = 0; i < runs.size(); ++i) line("average", i, average_block(runs[i]), false);
  }
  return out + "</tbody></table></div>\n</section>\n";
}

std::string number_at(const Json& run, const char* key, double divisor, const char* format) {
  const auto found = run.find(key);
  if (found == run.end() || !found->is_number()) return "";
  return fmt::format(fmt::runtime(format), found->get<double>() / divisor);
}

std::string settings(const Runs& runs) {
  std::map<std::string, std::vector<std::string>> table;
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const auto& [key, value] : flat_settings(runs[i].run)) {
      auto& row = table[key];
      row.resize(runs.size());
      row[i] = value;
    }
  }
  if (table.empty()) return "";
  std::string out =
      "<details>\n<summary>Settings</summary>\n<div class=\"scroll\" tabindex=\"0\" "
      "role=\"region\" aria-label=\"Settings\"><table>\n";
  if (runs.size() > 1) {
    out += "<thead><tr><th>Setting</th>";
    for (size_t i = 0; i < runs.size(); ++i) out += "<th>" + run_letter(i) + "</th>";
    out += "</tr></thead>\n";
  }
  out += "<tbody>\n";
  for (auto& [key, row] : table) {
    const bool same =
        std::all_of(row.begin(), row.end(), [&](const auto& v) { return v == row[0]; });
    out += std::string(same ? "<tr>" : "<tr class=\"differs\">") + "<th scope=\"row\">" + bdi(key) +
           "</th>";
    for (const std::string& value : row)
      out += "<td><code class=\"data\">" + html_text(value) + "</code></td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n</details>\n";
}

}  // namespace

std::string speed_section(const Runs& runs) {
  std::string out;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Json& run = runs[i].run;
    const Json timing = run.value("timing", Json::object());
    std::string words = number_at(run, "rows_per_s", 1, "{:.1f} questions a second");
    const auto add = [&](const std::string& text) {
      if (!text.empty()) words += (words.empty() ? "" : " \xC2\xB7 ") + text;
    };
    if (timing.is_object()) {
      add(number_at(timing, "evaluate_s", 1, "{:.1f} s evaluating"));
      add(number_at(timing, "load_s", 1, "{:.1f} s loading"));
      const Figure seconds = figure(timing, "evaluate_s"), flops = figure(run, "useful_flops");
      if (seconds.value && flops.value && *seconds.value > 0) {
        add(fmt::format("{:.0f} useful GFLOP/s", *flops.value / *seconds.value / 1e9));
      }
    }
    add(number_at(run, "peak_memory_bytes", 1 << 30, "{:.2f} GiB peak memory"));
    if (words.empty()) continue;
    out += "<h3>" + (runs.size() > 1 ? run_letter(i) + ": " : std::string()) + html_text(words) +
           "</h3>\n";
    std::vector<Part> parts;
    std::string legend;
    const Json phases =
        timing.is_object() ? timing.value("phases", Json::object()) : Json::object();
    if (phases.is_object()) {
      std::vector<std::pair<double, std::string>> sorted;
      for (const auto& [name, seconds] : phases.items()) {
        if (seconds.is_number()) sorted.emplace_back(seconds.get<double>(), name);
      }
      std::stable_sort(sorted.begin(), sorted.end(),
                       [](const auto& a, const auto& b) { return a.first > b.first; });
      for (size_t p = 0; p < sorted.size(); ++p) {
        const std::string style = fmt::format("fill-{}", p % 6);
        parts.push_back({sorted[p].second, sorted[p].first, style});
        legend += "<li>" + swatch(style) + bdi(sorted[p].second) +
                  fmt::format(" {:.2f} s</li>", sorted[p].first);
      }
    }
    if (!parts.empty())
      out += draw_parts("Time by phase", parts) + "<ul class=\"legend\">" + legend + "</ul>\n";
  }
  return out.empty() ? "" : "<section>\n<h2>Speed</h2>\n" + out + "</section>\n";
}

std::vector<ReliabilityPoint> reliability_points(const Json& calibration) {
  std::vector<ReliabilityPoint> points;
  const Json bins = calibration.value("bins", Json::array());
  for (const Json& bin : bins) {
    const Figure probability = figure(bin, "mean_probability"), share = figure(bin, "share_yes");
    if (!probability.value || !share.value) continue;
    points.push_back({*probability.value, *share.value, count(bin, "count")});
  }
  return points;
}

std::string pope_html(const Runs& runs, const ReportOptions& options) {
  std::vector<const Json*> metrics;
  for (const PopeRun& run : runs) metrics.push_back(&run.metrics);
  const Splits splits = ordered_splits(metrics);
  SampleTable samples = sample_table(runs, options);
  Page page;
  page.title =
      runs.size() == 1 ? "POPE: " + runs[0].name : fmt::format("POPE: {} runs", runs.size());
  page.body = "<main>\n" + heading(runs) + warnings(runs);
  if (runs.size() == 1) page.body += tiles(runs[0]);
  page.body += figures(runs, splits) + confusions(runs, splits) + reliability(runs, splits) +
               numbers(runs, splits) + speed_section(runs) + samples.markup + settings(runs);
  page.body += page_footer() + "</main>\n";
  page.data = std::move(samples.data);
  return render_page(page, assets::kReportCss,
                     std::string(assets::kListJs) + std::string(assets::kReportJs));
}

}  // namespace vigor::reports
