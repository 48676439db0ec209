#include <fmt/format.h>

#include <algorithm>

#include "reports/markdown.h"
#include "reports/mmhal_run.h"

namespace vigor::reports {
namespace {

// Answers with hallucination that are listed.
constexpr size_t kExamples = 10;

std::string rating_cell(const Figure& figure, bool rating) {
  const std::string interval = mmhal_interval(figure, rating);
  return mmhal_value(figure, rating) + (interval.empty() ? "" : " <sub>" + interval + "</sub>");
}

}  // namespace

std::string mmhal_markdown(const MmhalRun& run) {
  const Json& metrics = run.metrics;
  const Figure rate = figure(metrics, "hallucination_rate"), average = figure(metrics, "average");
  std::string out = "### MMHal-Bench: ";
  out += rate.value && average.value
             ? fmt::format("rating {:.2f} of 6, {:.0f} of 100 answers hallucinate\n\n",
                           *average.value, *rate.value * 100)
             : "no score for this run\n\n";
  out += "Answers of " + code_span(run.name) + ", dialect " +
         code_span(text_at(metrics, "dialect"), 40);
  if (!run.judge.empty()) out += ", judged by " + code_span(run.judge);
  const Json prompt = metrics.value("template", Json());
  if (prompt.is_object()) out += ", prompt " + code_span(text_at(prompt, "name"), 80);
  out += "\n\n";
  const std::vector<std::string> notes = mmhal_notes(metrics);
  if (!notes.empty()) out += "> **Note**\n";
  for (const std::string& note : notes) out += "> - " + code_span(note, 400) + "\n";
  if (!notes.empty()) out += "\n";

  out += "| type | rating | hallucination | informativeness | scored | unjudged | failed |\n";
  out += "|---|--:|--:|--:|--:|--:|--:|\n";
  const auto line = [&](const std::string& name, const Json& block, const Json& counts) {
    out += "| " + name + " | " + rating_cell(figure(block, "average"), true) + " | " +
           rating_cell(figure(block, "hallucination_rate"), false) + " | " +
           rating_cell(figure(block, "informativeness"), false);
    for (const char* status : {"scored", "unjudged", "failed"}) {
      out += fmt::format(" | {}", count(counts, status));
    }
    out += " |\n";
  };
  const Json blocks = metrics.value("type_figures", Json::object());
  for (const Json& type : metrics.value("type_order", Json::array())) {
    const Json block = blocks.value(type.get<std::string>(), Json());
    line(code_span(type.get<std::string>(), 40), block, block);
  }
  line("**all**", metrics, metrics.value("counts", Json::object()));
  out +=
      "\nRatings 0 to 6, the others in percent; small: 95 % intervals, clustered by picture.\n\n";

  std::vector<const MmhalSample*> worst;
  for (const MmhalSample& sample : run.samples) {
    if (sample.rating && sample.hallucination && !sample.answer.empty()) worst.push_back(&sample);
  }
  std::stable_sort(worst.begin(), worst.end(), [](const MmhalSample* a, const MmhalSample* b) {
    return *a->rating < *b->rating;
  });
  const size_t all = worst.size();
  if (worst.size() > kExamples) worst.resize(kExamples);
  if (!worst.empty()) {
    std::string block = fmt::format(
        "<details><summary>{} of {} answers with hallucination, lowest rating first</summary>\n\n",
        worst.size(), all);
    for (const MmhalSample* sample : worst) {
      block += fmt::format("- {} ({}): {} \xE2\x80\x93 said {}, standard {}\n", *sample->rating,
                           code_span(sample->key, 20), code_span(sample->question),
                           code_span(sample->answer), code_span(sample->standard_answer));
    }
    out += block + "\n</details>\n\n";
  }
  std::string block = "<details><summary>settings</summary>\n\n";
  for (const auto& [key, value] : flat_settings(run.run)) {
    block += "- " + code_span(key, 80) + ": " + code_span(value, 200) + "\n";
  }
  block += "\n</details>\n";
  if (out.size() + block.size() < kMarkdownLimit) out += block;
  return out;
}

}  // namespace vigor::reports
