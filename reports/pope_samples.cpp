#include "reports/pope_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "base/base64.h"
#include "reports/html_parts.h"
#include "reports/page.h"
#include "reports/pope_formats.h"
#include "reports/thumbnails.h"

namespace vigor::reports {
namespace {

struct Tally {
  int64_t wrong = 0, alarms = 0, unparsed = 0, failed = 0, all = 0;
  bool margins = false;
};

Tally tally(const std::vector<PopeRun>& runs) {
  Tally sum;
  for (const PopeRun& run : runs) {
    for (const PopeSample& sample : run.samples) {
      ++sum.all;
      sum.wrong += sample.wrong();
      sum.alarms += sample.wrong() && sample.decision == "yes";
      sum.unparsed += sample.status == "unparsed";
      sum.failed += sample.status == "failed" || sample.status == "unjudged";
      sum.margins = sum.margins || sample.margin;
    }
  }
  return sum;
}

std::string segment(const char* filter, const char* name, int64_t number) {
  return fmt::format(
      "<button type=\"button\" data-filter=\"{}\" aria-pressed=\"false\"{}>{} {}</button>", filter,
      number == 0 ? " disabled" : "", name, number);
}

std::string controls(const std::vector<PopeRun>& runs, const std::vector<std::string>& splits,
                     const SampleWords& words) {
  const Tally sum = tally(runs);
  std::string out =
      "<div class=\"controls\">\n<div class=\"segments\" role=\"group\" aria-label=\"Which "
      "answers\">";
  out += segment("all", "All", sum.all) + segment("wrong", "Wrong", sum.wrong) +
         segment("alarm", words.wrong_yes, sum.alarms) +
         segment("unparsed", "Unparsed", sum.unparsed) + segment("failed", "Failed", sum.failed) +
         "</div>\n";
  std::string group(words.group);
  group[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(group[0])));
  std::vector<std::pair<std::string, std::string>> choices = {{"", std::string("every ") + group}};
  for (size_t i = 0; i < splits.size(); ++i) choices.emplace_back(std::to_string(i), splits[i]);
  if (splits.size() > 1) out += select_html("split", words.group, choices);
  if (runs.size() > 1) {
    choices = {{"", "every run"}};
    for (size_t i = 0; i < runs.size(); ++i) {
      choices.emplace_back(std::to_string(i), run_letter(i) + " " + runs[i].name);
    }
    out += select_html("run", "Run", choices);
  }
  choices = {{"asked", "as asked"}, {"image", "by picture"}};
  if (sum.margins)
    choices.insert(choices.begin() + 1,
                   {{"surest", "surest first"}, {"unsure", "least sure first"}});
  out += select_html("order", "Order", choices);
  out +=
      "<input type=\"search\" id=\"search\" placeholder=\"Search questions, answers, pictures\" "
      "aria-label=\"Search\" autocomplete=\"off\" spellcheck=\"false\">\n";
  return out + "<span class=\"note\" id=\"shown\" role=\"status\"></span>\n</div>\n";
}

// The page's list of pictures: each distinct picture once, whichever runs and splits ask of it.
struct Pictures {
  std::map<std::pair<std::string, std::string>, size_t> position;
  std::vector<ThumbnailRequest> requests;
  std::vector<int64_t> trouble;  // wrong, unparsed or failed answers

  size_t of(const PopeRun& run, const std::string& name) {
    const auto [found, fresh] =
        position.try_emplace({run.images_dir.string(), name}, requests.size());
    if (fresh) {
      requests.push_back({run.images_dir, name});
      trouble.push_back(0);
    }
    return found->second;
  }
};

Json thumbnails(const Pictures& pictures, const ReportOptions& options, std::string& note) {
  std::vector<size_t> order(pictures.requests.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return pictures.trouble[a] > pictures.trouble[b]; });
  std::vector<ThumbnailRequest> requests;
  for (const size_t i : order) requests.push_back(pictures.requests[i]);
  const Thumbnails made = make_thumbnails(requests, options);
  Json out = Json::object();
  for (size_t i = 0; i < order.size(); ++i) {
    if (!made.jpeg[i].empty()) out[std::to_string(order[i])] = base64(made.jpeg[i]);
  }
  const bool none_known = std::all_of(requests.begin(), requests.end(),
                                      [](const auto& request) { return request.folder.empty(); });
  note = thumbnails_note(made, none_known ? 0 : order.size());
  return out;
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

SampleTable sample_table(const std::vector<PopeRun>& runs, const ReportOptions& options,
                         const SampleWords& words) {
  std::vector<const Json*> metrics;
  for (const PopeRun& run : runs) metrics.push_back(&run.metrics);
  std::vector<std::string> splits = ordered_splits(metrics);
  std::map<std::string, size_t> split_position;
  for (size_t i = 0; i < splits.size(); ++i) split_position[splits[i]] = i;

  Pictures pictures;
  Json rows = Json::array();
  for (size_t r = 0; r < runs.size(); ++r) {
    for (const PopeSample& sample : runs[r].samples) {
      const auto [split, fresh] = split_position.try_emplace(sample.split, splits.size());
      if (fresh) splits.push_back(sample.split);
      const size_t image = pictures.of(runs[r], sample.image);
      pictures.trouble[image] += sample.wrong() || sample.unanswered();
      rows.push_back(
          Json::array({r, split->second, sample.question_id, image,
                       cut_text(sample.question, options.answer_bytes), sample.label, sample.status,
                       cut_text(sample.answer, options.answer_bytes), or_null(sample.decision),
                       or_null(sample.correct), or_null(sample.margin), sample.finish,
                       cut_text(sample.error, options.answer_bytes)}));
    }
  }
  SampleTable table;
  std::string note;
  Json images = Json::array(), names = Json::array();
  for (const ThumbnailRequest& request : pictures.requests) images.push_back(request.name);
  for (size_t i = 0; i < runs.size(); ++i) {
    names.push_back(runs.size() > 1 ? run_letter(i) + " " + runs[i].name : runs[i].name);
  }
  table.data = {{"group", words.group},
                {"runs", names},
                {"splits", splits},
                {"images", images},
                {"rows", std::move(rows)}};
  table.data["thumbnails"] = thumbnails(pictures, options, note);
  table.markup =
      "<section>\n<h2>Answers</h2>\n<noscript><p class=\"note\">The table of answers needs "
      "JavaScript; the figures above do "
      "not.</p></noscript>\n<div id=\"samples\" hidden>\n" +
      controls(runs, splits, words) +
      "<div class=\"head\" "
      "aria-hidden=\"true\"><span>Picture</span><span>Question</span><span>Answer</"
      "span><span>Truth</span>"
      "<span>Result</span><span>Yes margin</span></div>\n";
  table.markup += list_html("Answers", "answer", "");
  table.markup += "<p class=\"note\">" + html_text(note) + ".</p>\n</div>\n</section>\n";
  return table;
}

}  // namespace vigor::reports
