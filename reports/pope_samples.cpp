#include "reports/pope_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "base/base64.h"
#include "reports/page.h"
#include "reports/pope_formats.h"
#include "reports/thumbnails.h"

namespace vigor::reports {
namespace {

// Long answers are cut for the page at a character's edge; samples.jsonl keeps them whole.
std::string cut(const std::string& text, size_t limit) {
  limit = std::max<size_t>(limit, 64);
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) +
         fmt::format("\xE2\x80\xA6 [{} more bytes in samples.jsonl]", text.size() - end);
}

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

std::string select(const char* id, const char* label,
                   const std::vector<std::pair<std::string, std::string>>& choices) {
  std::string out = fmt::format("<select id=\"{}\" aria-label=\"{}\">", id, label);
  for (const auto& [value, text] : choices) {
    out += "<option value=\"" + html_text(value) + "\">" + html_text(text) + "</option>";
  }
  return out + "</select>\n";
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
  if (splits.size() > 1) out += select("split", words.group, choices);
  if (runs.size() > 1) {
    choices = {{"", "every run"}};
    for (size_t i = 0; i < runs.size(); ++i) {
      choices.emplace_back(std::to_string(i), run_letter(i) + " " + runs[i].name);
    }
    out += select("run", "Run", choices);
  }
  choices = {{"asked", "as asked"}, {"image", "by picture"}};
  if (sum.margins)
    choices.insert(choices.begin() + 1,
                   {{"surest", "surest first"}, {"unsure", "least sure first"}});
  out += select("order", "Order", choices);
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
  if (none_known) {
    note = "No pictures: the run names no folder of pictures that is here";
    return out;
  }
  note = fmt::format("{} of {} pictures are embedded ({:.1f} MB)", made.embedded, order.size(),
                     static_cast<double>(made.bytes) / 1e6);
  if (made.left_out > 0) {
    note += fmt::format("; {} are left out to keep the file small, those with the fewest mistakes",
                        made.left_out);
  }
  if (made.missing > 0)
    note += fmt::format("; {} were not found or could not be read", made.missing);
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
      rows.push_back(Json::array(
          {r, split->second, sample.question_id, image, cut(sample.question, options.answer_bytes),
           sample.label, sample.status, cut(sample.answer, options.answer_bytes),
           or_null(sample.decision), or_null(sample.correct), or_null(sample.margin), sample.finish,
           cut(sample.error, options.answer_bytes)}));
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
      "<span>Result</span><span>Yes margin</span></div>\n"
      "<div class=\"list\" id=\"list\" role=\"listbox\" tabindex=\"0\" aria-label=\"Answers\"><div "
      "class=\"space\" id=\"space\" "
      "role=\"presentation\"></div><p class=\"empty\" id=\"empty\" hidden>No answer fits these "
      "filters.</p></div>\n"
      "<p class=\"note keys\"><kbd>j</kbd> <kbd>k</kbd> next, previous \xC2\xB7 <kbd>Enter</kbd> "
      "open \xC2\xB7 <kbd>/</kbd> search "
      "\xC2\xB7 <kbd>Esc</kbd> back</p>\n<p class=\"note\">" +
      html_text(note) + ".</p>\n" +
      "<dialog id=\"sheet\" aria-labelledby=\"where\"><div class=\"sheet\"><header><span "
      "class=\"note\" id=\"where\"></span><span "
      "class=\"buttons\"><button type=\"button\" id=\"previous\" aria-label=\"Previous "
      "answer\">\xE2\x86\x91</button><button "
      "type=\"button\" id=\"next\" aria-label=\"Next answer\">\xE2\x86\x93</button><button "
      "type=\"button\" id=\"close\">Close</button>"
      "</span></header><div id=\"detail\" "
      "class=\"detail\"></div></div></dialog>\n</div>\n</section>\n";
  return table;
}

}  // namespace vigor::reports
