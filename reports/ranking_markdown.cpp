#include <fmt/format.h>

#include "reports/markdown.h"
#include "reports/pope_run.h"
#include "reports/ranking_formats.h"

namespace vigor::reports {
namespace {

std::string rank_cell(const Figure& figure) {
  if (!figure.value) return "\xE2\x80\x93";
  std::string text = fmt::format("{:.2f}", *figure.value);
  if (figure.low && figure.high) {
    text += fmt::format(" <sub>{:.2f}\xE2\x80\x93{:.2f}</sub>", *figure.low, *figure.high);
  }
  return text;
}

std::string rank_p_text(const Json& pair, const char* key) {
  const Figure p = figure(pair, key);
  return p.value ? fmt::format("{:.3g}", *p.value) : "\xE2\x80\x93";
}

}  // namespace

std::string ranking_markdown(const RankingRun& run) {
  const RankingHeadline headline = ranking_headline(run);
  std::string out = "### Caption ranking\n\n" + code_span(headline.title, 300) + " " +
                    code_span(headline.lead, 400) + "\n\nJudge " + code_span(run.judge) + "\n\n";
  const std::vector<std::string> notes = ranking_notes(run.metrics);
  if (!notes.empty()) {
    out += "> **Note**\n";
    for (const std::string& note : notes) out += "> - " + code_span(note, 400) + "\n";
    out += "\n";
  }
  out += "| model |";
  std::string rule = "|---|";
  for (const std::string& column : ranking_columns()) {
    out += " " + column + " |";
    rule += "--:|";
  }
  out += "\n" + rule + "\n";
  const Json models = run.metrics.value("models", Json::object());
  for (const std::string& name : run.candidates) {
    out += "| " + code_span(name, 60);
    for (const std::string& column : ranking_columns()) {
      out += " | " + rank_cell(figure(models.value(name, Json()), column));
    }
    out += " |\n";
  }
  out +=
      run.metrics.value("lower_is_better", true)
          ? "\nMean rank, 1 is best; below each its 95 % interval (bootstrap by image).\n\n"
          : "\nLog strength (Bradley-Terry), higher is better; below each its 95 % interval.\n\n";
  const Json tests = run.metrics.value("tests", Json());
  if (tests.is_object() && tests.contains("average")) {
    out += "| average of | against | difference | p | p (Holm) |\n|---|---|--:|--:|--:|\n";
    for (const Json& pair : tests["average"].value("pairs", Json::array())) {
      const Figure difference = figure(pair, "difference");
      out += "| " + code_span(text_at(pair, "a"), 60) + " | " + code_span(text_at(pair, "b"), 60) +
             " | " +
             (difference.value ? fmt::format("{:+.2f}", *difference.value) : "\xE2\x80\x93") +
             " | " + rank_p_text(pair, "p") + " | " + rank_p_text(pair, "p_holm") + " |\n";
    }
    out += "\n";
  }
  std::string settings = "<details><summary>settings</summary>\n\n";
  for (const auto& [key, value] : flat_settings(run.run)) {
    settings += "- " + code_span(key, 80) + ": " + code_span(value, 200) + "\n";
  }
  settings += "\n</details>\n";
  if (out.size() + settings.size() < kMarkdownLimit) out += settings;
  return out;
}

}  // namespace vigor::reports
