#include <fmt/format.h>

#include <algorithm>

#include "reports/report_content.h"

namespace vigor::reports {
namespace {

struct Score {
  size_t better = 0, worse = 0, compared = 0;
  // The surest difference each way, for the sentence.
  std::string best, worst;
  double best_p = 2, worst_p = 2;
};

// Over the figures that the benchmarks are quoted by, of all sections.
Score score_of(const Report& report, size_t subject) {
  Score score;
  for (const ReportSection& section : report.sections) {
    for (size_t c = 1; c < section.columns.size(); ++c) {
      const ReportColumn& column = section.columns[c];
      if (column.subject != subject) continue;
      for (size_t m = 0; m < section.metrics.size(); ++m) {
        const RunMetric& metric = *section.metrics[m];
        const MetricComparison* change = column.changes[m];
        if (!metric.headline || metric.better == Better::kNeither || change == nullptr ||
            !change->difference || change->verdict == Verdict::kUntested) {
          continue;
        }
        ++score.compared;
        const std::string words =
            section.title + " " + metric.title + " " + difference_text(metric, *change->difference);
        const double p = change->p_holm.value_or(change->p.value_or(1));
        if (change->verdict == Verdict::kBetter) {
          ++score.better;
          if (p < score.best_p) score.best = words, score.best_p = p;
        } else if (change->verdict == Verdict::kWorse) {
          ++score.worse;
          if (p < score.worst_p) score.worst = words, score.worst_p = p;
        }
      }
    }
  }
  return score;
}

std::string quoted(const ReportSection& section, const ReportColumn& column) {
  const RunMetric* metric = column.metrics[quoted_metric(section)];
  const RunMetric& shape = *section.metrics[quoted_metric(section)];
  return section.title + " " + shape.title + " " +
         (metric != nullptr && metric->value ? metric_text(*metric, metric->value)
                                             : std::string("not scored"));
}

ReportHeadline of_one(const Report& report) {
  ReportHeadline headline;
  for (const ReportSection& section : report.sections) {
    headline.title += (headline.title.empty() ? "" : ", ") + quoted(section, section.columns[0]);
  }
  headline.lead = report.subjects[0].name;
  return headline;
}

}  // namespace

ReportHeadline report_headline(const Report& report) {
  if (report.subjects.size() == 1) return of_one(report);
  const std::string& base = report.subjects[0].letter;
  size_t better = 0, worse = 0, mixed = 0, unclear = 0, apart = 0;
  std::vector<std::string> sentences;
  for (size_t s = 1; s < report.subjects.size(); ++s) {
    const Score score = score_of(report, s);
    const std::string& letter = report.subjects[s].letter;
    if (score.compared == 0) {
      ++apart;
    } else if (score.better > 0 && score.worse > 0) {
      ++mixed;
      sentences.push_back(letter + " gains (" + score.best + ") and loses (" + score.worst + ")");
    } else if (score.better > 0) {
      ++better;
      sentences.push_back(letter + " is better: " + score.best);
    } else if (score.worse > 0) {
      ++worse;
      sentences.push_back(letter + " is worse: " + score.worst);
    } else {
      ++unclear;
    }
  }
  ReportHeadline headline;
  if (report.subjects.size() == 2) {
    const std::string& other = report.subjects[1].letter;
    headline.title = better  ? other + " is better than " + base
                     : worse ? other + " is worse than " + base
                     : mixed
                         ? other + " is better than " + base + " in some figures, worse in others"
                     : unclear ? "No difference between " + base + " and " + other + " is shown"
                               : base + " and " + other + " side by side";
  } else {
    std::string& title = headline.title;
    const auto add = [&](size_t number, const char* words) {
      if (number > 0) title += fmt::format("{}{} {}", title.empty() ? "" : ", ", number, words);
    };
    add(better, "better");
    add(worse, "worse");
    add(mixed, "better in some figures and worse in others");
    add(unclear, "without a difference shown");
    title = title.empty() ? fmt::format("{} checkpoints side by side", report.subjects.size())
                          : "Compared with " + base + ": " + title;
  }
  for (const ReportSection& section : report.sections) {
    headline.lead +=
        (headline.lead.empty() ? base + " has " : "; ") + quoted(section, section.columns[0]);
  }
  headline.lead += ". ";
  constexpr size_t kSentences = 6;
  for (size_t i = 0; i < std::min(sentences.size(), kSentences); ++i) {
    headline.lead += sentences[i] + ". ";
  }
  if (unclear > 0 && report.subjects.size() == 2) {
    headline.lead += "That none is shown does not mean that there is none: see the intervals. ";
  }
  if (apart > 0) {
    headline.lead += fmt::format("{} not compared: see below. ", apart);
  }
  headline.lead.pop_back();
  return headline;
}

std::vector<std::string> report_notes(const Report& report) {
  std::vector<std::string> notes;
  const auto add = [&](std::string note) {
    if (std::find(notes.begin(), notes.end(), note) == notes.end())
      notes.push_back(std::move(note));
  };
  if (report.forced) {
    add("Forced: runs whose settings differ are compared all the same. Their differences may come "
        "from the settings.");
  }
  for (const ReportSection& section : report.sections) {
    for (const ReportColumn& column : section.columns) {
      const RunView& run = *column.run;
      const std::string who = section.title + ", " + report.subjects[column.subject].letter + ": ";
      if (!run.withheld.empty()) add(who + "no scores are given: " + run.withheld);
      if (!run.complete) add(who + "not complete: the figures are not of all questions");
      if (run.unparsed + run.failed + run.unjudged > 0) {
        add(who + fmt::format("{} unparsed, {} failed, {} unjudged beside {} scored answers",
                              run.unparsed, run.failed, run.unjudged, run.scored));
      }
      for (const std::string& difference : column.differs) {
        add(who +
            (report.forced ? "compared although settings differ: "
                           : "not compared, settings differ: ") +
            difference);
      }
      if (!column.not_compared.empty()) add(who + "not compared: " + column.not_compared);
      for (const std::string& warning : run.warnings) add(who + warning);
    }
  }
  return notes;
}

}  // namespace vigor::reports
