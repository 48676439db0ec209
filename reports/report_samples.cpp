// The sample browser of the report of several runs. Answers, questions and labels are kept once in
// a table of texts: most of thousands of answers are "Yes" and "No".
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "base/base64.h"
#include "reports/html_parts.h"
#include "reports/page.h"
#include "reports/report_formats.h"
#include "reports/thumbnails.h"

namespace vigor::reports {
namespace {

// Each text once; position 0 is the empty one.
class Texts {
 public:
  Texts() { of(""); }
  size_t of(const std::string& text) {
    const auto [found, fresh] = position_.try_emplace(text, list_.size());
    if (fresh) list_.push_back(text);
    return found->second;
  }
  Json list() const { return list_; }

 private:
  std::unordered_map<std::string, size_t> position_;
  std::vector<std::string> list_;
};

// Each picture once over all sections, by its folder and name, so that runs share them.
struct Pictures {
  std::map<std::pair<std::string, std::string>, size_t> position;
  std::vector<ThumbnailRequest> requests;
  std::vector<int64_t> interest;  // samples on which runs disagree, or that are not right

  size_t of(const std::filesystem::path& folder, const std::string& name) {
    const auto [found, fresh] = position.try_emplace({folder.string(), name}, requests.size());
    if (fresh) {
      requests.push_back({name.empty() ? std::filesystem::path() : folder, name});
      interest.push_back(0);
    }
    return found->second;
  }
};

char state_of(const RunSample& sample) {
  if (sample.state == "scored") return !sample.correct ? 's' : *sample.correct ? 'r' : 'w';
  return sample.state == "unparsed" ? 'u' : sample.state == "failed" ? 'f' : 'j';
}

// Two decimals are what the page shows.
Json rounded(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return std::round(*value * 100) / 100;
}

// What one run says of the rows of its section.
struct Answers {
  std::string state;
  std::vector<size_t> text, outcome;
  std::vector<Json> score, margin;
  bool margins = false;

  explicit Answers(size_t rows)
      : state(rows, '-'), text(rows, 0), outcome(rows, 0), score(rows), margin(rows) {}
};

// Rows are the samples of all runs of the section by their id, in the order of the first that has
// them.
class SectionTable {
 public:
  SectionTable(const ReportSection& section, Texts& texts, Pictures& pictures,
               const RunsReportOptions& options)
      : section_(section), texts_(texts), pictures_(pictures), options_(options) {
    // Answers made elsewhere name no folder of pictures: the one of another run serves them too.
    std::filesystem::path folder;
    for (const ReportColumn& column : section.columns) {
      if (folder.empty()) folder = column.run->images;
    }
    for (const ReportColumn& column : section.columns) add_rows(*column.run, folder);
    for (const ReportColumn& column : section.columns) add_answers(*column.run);
    count_interest();
  }

  Json data() const {
    Json runs = Json::array(), answers = Json::array();
    for (const ReportColumn& column : section_.columns) runs.push_back(column.subject);
    for (const Answers& one : answers_) {
      answers.push_back({{"state", one.state},
                         {"text", one.text},
                         {"outcome", one.outcome},
                         {"score", one.score},
                         {"margin", one.margins ? Json(one.margin) : Json()}});
    }
    return {
        {"title", section_.title}, {"runs", runs},    {"groups", groups_},     {"id", id_},
        {"group", group_},         {"image", image_}, {"question", question_}, {"label", label_},
        {"answers", answers}};
  }

 private:
  void add_rows(const RunView& run, const std::filesystem::path& folder) {
    for (const RunSample& sample : run.samples) {
      if (!row_.try_emplace(sample.id, id_.size()).second) continue;
      id_.push_back(sample.id);
      const auto group = std::find(groups_.begin(), groups_.end(), sample.group);
      group_.push_back(static_cast<size_t>(group - groups_.begin()));
      if (group == groups_.end()) groups_.push_back(sample.group);
      image_.push_back(pictures_.of(run.images.empty() ? folder : run.images, sample.image));
      question_.push_back(texts_.of(cut_text(sample.question, options_.answer_bytes)));
      label_.push_back(texts_.of(cut_text(sample.label, options_.answer_bytes)));
    }
  }
  void add_answers(const RunView& run) {
    Answers answers(id_.size());
    for (const RunSample& sample : run.samples) {
      const size_t row = row_.at(sample.id);
      answers.state[row] = state_of(sample);
      answers.text[row] = texts_.of(
          cut_text(sample.error.empty() ? sample.answer : sample.error, options_.answer_bytes));
      answers.outcome[row] = texts_.of(cut_text(sample.outcome, options_.answer_bytes));
      answers.score[row] = rounded(sample.score);
      answers.margin[row] = rounded(sample.margin);
      answers.margins = answers.margins || sample.margin;
    }
    answers_.push_back(std::move(answers));
  }
  void count_interest() {
    for (size_t row = 0; row < id_.size(); ++row) {
      int64_t interest = 0;
      for (const Answers& answers : answers_) {
        interest += answers.state[row] != 'r' && answers.state[row] != 's';
        interest += 4 * (answers.state[row] != answers_.front().state[row]);
      }
      pictures_.interest[image_[row]] += interest;
    }
  }

  const ReportSection& section_;
  Texts& texts_;
  Pictures& pictures_;
  const RunsReportOptions& options_;
  std::unordered_map<std::string, size_t> row_;
  std::vector<std::string> id_, groups_;
  std::vector<size_t> group_, image_, question_, label_;
  std::vector<Answers> answers_;
};

Json thumbnails(const Pictures& pictures, const RunsReportOptions& options, std::string& note) {
  std::vector<size_t> order;
  for (size_t i = 0; i < pictures.requests.size(); ++i) {
    if (!pictures.requests[i].folder.empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return pictures.interest[a] > pictures.interest[b]; });
  std::vector<ThumbnailRequest> requests;
  for (const size_t i : order) requests.push_back(pictures.requests[i]);
  ReportOptions how;
  how.thumbnail_pixels = options.thumbnail_pixels;
  how.thumbnail_quality = options.thumbnail_quality;
  how.thumbnail_bytes = options.thumbnail_bytes;
  const Thumbnails made = make_thumbnails(requests, how);
  Json out = Json::object();
  for (size_t i = 0; i < order.size(); ++i) {
    if (!made.jpeg[i].empty()) out[std::to_string(order[i])] = base64(made.jpeg[i]);
  }
  note = thumbnails_note(made, requests.size());
  return out;
}

std::string segment(const char* filter, const char* name) {
  return fmt::format(
      "<button type=\"button\" data-filter=\"{}\" aria-pressed=\"false\">{} <span class=\"number\">"
      "</span></button>",
      filter, name);
}

std::string controls(const Report& report) {
  std::string out =
      "<div class=\"controls\">\n<div class=\"segments\" role=\"group\" aria-label=\"Which "
      "questions\">" +
      segment("all", "All");
  const bool several = std::any_of(report.sections.begin(), report.sections.end(),
                                   [](const auto& one) { return one.columns.size() > 1; });
  if (several) {
    out += segment("regressed", "Regressed") + segment("improved", "Improved") +
           segment("differ", "Changed");
  }
  out += segment("wrong", "Wrong") + segment("unparsed", "Unparsed") + segment("failed", "Failed") +
         "</div>\n";
  std::vector<std::pair<std::string, std::string>> choices;
  for (size_t i = 0; i < report.sections.size(); ++i) {
    choices.emplace_back(std::to_string(i), report.sections[i].title);
  }
  if (choices.size() > 1) out += select_html("section", "Benchmark", choices);
  // The script fills these two: they depend on the benchmark.
  out += select_html("group", "Group", {}) + select_html("run", "Run", {});
  choices = {{"asked", "as asked"}, {"image", "by picture"}};
  if (several)
    choices.insert(choices.begin() + 1, {{"worst", "worst first"}, {"split", "most disputed"}});
  out += select_html("order", "Order", choices);
  return out +
         "<input type=\"search\" id=\"search\" placeholder=\"Search questions, answers, pictures\" "
         "aria-label=\"Search\" autocomplete=\"off\" spellcheck=\"false\">\n"
         "<span class=\"note\" id=\"shown\" role=\"status\"></span>\n</div>\n";
}

}  // namespace

RunsTable runs_table(const Report& report, const RunsReportOptions& options) {
  Texts texts;
  Pictures pictures;
  RunsTable table;
  Json sections = Json::array(), subjects = Json::array(), images = Json::array();
  for (const ReportSection& section : report.sections) {
    const SectionTable one(section, texts, pictures, options);
    sections.push_back(one.data());
  }
  for (const Subject& subject : report.subjects) {
    subjects.push_back({{"letter", subject.letter}, {"name", subject.name}});
  }
  for (const ThumbnailRequest& request : pictures.requests) images.push_back(request.name);
  std::string note;
  table.pictures = thumbnails(pictures, options, note);
  table.data = {{"subjects", subjects},
                {"sections", sections},
                {"texts", texts.list()},
                {"images", images},
                {"pictures", table.pictures.size()}};
  std::string& out = table.markup;
  out = "<section id=\"answers\">\n<h2>Answers</h2>\n";
  out +=
      "<noscript><p class=\"note\">The table of answers needs JavaScript; the figures above do "
      "not.</p></noscript>\n<div id=\"samples\" hidden>\n";
  out += controls(report);
  out +=
      "<div class=\"head\" aria-hidden=\"true\"><span>Picture</span><span>Question</span>"
      "<span>Truth</span><span>Answers</span></div>\n";
  out += list_html("Questions with the answer of each run", "question",
                   "regressed: <span class=\"chip regressed\">solid frame</span>, improved: "
                   "<span class=\"chip improved\">dashed frame</span>, both against the first run");
  out += "<p class=\"note\">" + html_text(note) + ".</p>\n</div>\n</section>\n";
  return table;
}

}  // namespace vigor::reports
