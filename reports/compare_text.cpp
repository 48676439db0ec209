#include <fmt/format.h>

#include <algorithm>

#include "reports/compare_formats.h"
#include "reports/markdown.h"

namespace vigor::reports {
namespace {

// Counted in characters: names come from outside.
std::string padded(const std::string& text, size_t width, bool right = false) {
  size_t length = 0;
  for (const char c : text) length += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  const std::string blank(length < width ? width - length : 0, ' ');
  return right ? blank + text : text + blank;
}

std::string cut(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string one_line(const std::string& text, size_t limit) {
  std::string out = text;
  std::replace(out.begin(), out.end(), '\n', ' ');
  return printable(cut(out, limit));
}

std::string run_line(const ComparedRun& run) {
  std::string out = printable(run.name) + " (" + printable(run.folder) + ")";
  if (run.seeds > 1) out += fmt::format(" and {} more seeds", run.seeds - 1);
  return out;
}

std::string table(const Comparison& comparison) {
  const bool bootstrap = comparison.options.resamples > 0;
  std::vector<std::vector<std::string>> rows = {
      {"figure", "base", "candidate", "difference",
       fmt::format("{:g} % interval", comparison.options.level * 100), "p", "p (Holm)", "verdict"}};
  if (bootstrap) rows[0].insert(rows[0].begin() + 5, "bootstrap");
  for (const MetricComparison& one : comparison.metrics) {
    std::vector<std::string> row = {
        printable(one.metric.title),
        metric_text(one.metric, one.metric.value),
        metric_text(one.metric, one.candidate),
        one.difference ? difference_text(one.metric, *one.difference) : "-",
        interval_cell(one),
        p_cell(one.p),
        p_cell(one.p_holm),
        verdict_name(one.verdict)};
    if (bootstrap) {
      row.insert(row.begin() + 5, one.bootstrap
                                      ? difference_text(one.metric, one.bootstrap->low) + " .. " +
                                            difference_text(one.metric, one.bootstrap->high)
                                      : "-");
    }
    rows.push_back(std::move(row));
  }
  std::vector<size_t> width(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      out += last ? row[i] : padded(row[i], width[i], i > 0) + "  ";
    }
    out += "\n";
  }
  return out;
}

std::string mcnemar_text(const Comparison& comparison) {
  std::string out;
  for (const McNemar& one : comparison.mcnemar) {
    out += fmt::format("McNemar, {}: right only in base {}, only in candidate {}, p {}{}\n",
                       one.group.empty() ? "all questions" : printable(one.group), one.only_base,
                       one.only_candidate, one.p < 0.0001 ? "" : "= ", p_cell(one.p));
  }
  return out;
}

std::string flips_text(const Comparison& comparison, size_t limit) {
  std::string out = fmt::format(
      "{} of {} paired samples: {} regressed, {} improved; {} no longer scored, {} newly\n",
      comparison.regressed + comparison.improved, comparison.paired, comparison.regressed,
      comparison.improved, comparison.lost, comparison.gained);
  for (size_t i = 0; i < std::min(limit, comparison.flips.size()); ++i) {
    const Flip& flip = comparison.flips[i];
    // Improvements are for --json: the terminal shows what got worse.
    if (flip.kind != Flip::Kind::kRegressed && flip.kind != Flip::Kind::kLost) break;
    out += fmt::format("  {} {}: {} -> {}{}{}\n", flip_name(flip.kind), one_line(flip.id, 80),
                       one_line(flip.base_outcome, 60), one_line(flip.candidate_outcome, 60),
                       flip.question.empty() ? "" : "  ", one_line(flip.question, 100));
  }
  return out;
}

}  // namespace

std::string p_cell(const std::optional<double>& p) {
  if (!p) return "-";
  return *p < 0.0001 ? "<0.0001" : fmt::format("{:.4f}", *p);
}

std::string interval_cell(const MetricComparison& one) {
  if (!one.interval) return "-";
  return difference_text(one.metric, one.interval->low) + " .. " +
         difference_text(one.metric, one.interval->high);
}

std::string compare_headline(const Comparison& comparison, const GateResult* gate) {
  std::string worse, better;
  size_t tested = 0;
  for (const MetricComparison& one : comparison.metrics) {
    if (!one.metric.headline) continue;
    tested += one.p.has_value();
    std::string* list = one.verdict == Verdict::kWorse    ? &worse
                        : one.verdict == Verdict::kBetter ? &better
                                                          : nullptr;
    if (list == nullptr) continue;
    *list += fmt::format("{}{} {}", list->empty() ? "" : ", ", one.metric.title,
                         difference_text(one.metric, *one.difference));
  }
  std::string out;
  if (gate != nullptr) out = std::string("Gate: ") + outcome_name(gate->outcome) + ". ";
  if (tested == 0) return out + "No headline figure could be tested";
  if (worse.empty() && better.empty()) {
    return out + "No difference in the headline figures that could be told from chance";
  }
  if (!worse.empty()) out += "Worse: " + worse;
  if (!better.empty()) out += (worse.empty() ? "Better: " : "; better: ") + better;
  return out;
}

std::string compare_text(const Comparison& comparison, const GateResult* gate, size_t flips) {
  std::string out = fmt::format("{}, dialect {}; {} images\nbase       {}\ncandidate  {}\n\n",
                                comparison.benchmark, comparison.dialect, comparison.clusters,
                                run_line(comparison.base), run_line(comparison.candidate));
  for (const std::string& line : comparison.incomparable) {
    out += "NOT COMPARABLE (--force): " + line + "\n";
  }
  for (const std::string& note : comparison.notes) out += "note: " + note + "\n";
  if (!comparison.incomparable.empty() || !comparison.notes.empty()) out += "\n";
  out += table(comparison);
  for (const MetricComparison& one : comparison.metrics) {
    if (one.reason.empty()) continue;
    out += printable(one.metric.title) + ": not tested: " + printable(one.reason) + "\n";
  }
  out += "\n" + mcnemar_text(comparison) + flips_text(comparison, flips);
  if (gate != nullptr) {
    out += fmt::format("\ngate: {}\n", outcome_name(gate->outcome));
    for (const RuleResult& result : gate->rules) {
      out += fmt::format("  {:<13} {}", outcome_name(result.outcome), rule_sentence(result));
      if (result.mdd) {
        std::string smallest = difference_text(result.metric, *result.mdd);
        if (smallest.starts_with('+')) smallest = smallest.substr(1);
        out += fmt::format(" (a drop of {} would be found with a chance of {:g} %)", smallest,
                           gate->power * 100);
      }
      out += "\n";
    }
    if (!gate->skipped.empty()) {
      out += fmt::format("  {} rules are for other benchmarks\n", gate->skipped.size());
    }
  }
  return out;
}

std::string compare_markdown(const Comparison& comparison, const GateResult* gate, size_t flips) {
  std::string out = "## " + code_span(comparison.candidate.name, 80) + " against " +
                    code_span(comparison.base.name, 80) + " on " + comparison.benchmark + "\n\n";
  out += "**" + compare_headline(comparison, gate) + ".**\n\n";
  if (!comparison.incomparable.empty()) {
    out += "> **Not comparable**: compared by force, although these differ\n";
    for (const std::string& line : comparison.incomparable) {
      out += "> - " + code_span(line, 400) + "\n";
    }
    out += "\n";
  }
  if (!comparison.notes.empty()) {
    out += "> **Note**\n";
    for (const std::string& note : comparison.notes) out += "> - " + code_span(note, 400) + "\n";
    out += "\n";
  }
  if (gate != nullptr) {
    out += "| gate | rule |\n|---|---|\n";
    for (const RuleResult& result : gate->rules) {
      out += std::string("| ") + outcome_name(result.outcome) + " | " +
             code_span(rule_sentence(result), 300) + " |\n";
    }
    out += "\n";
  }
  out += fmt::format(
      "| figure | base | candidate | difference | {:g} % interval | p (Holm) | verdict |\n"
      "|---|--:|--:|--:|--:|--:|---|\n",
      comparison.options.level * 100);
  for (const MetricComparison& one : comparison.metrics) {
    const bool strong = one.verdict == Verdict::kWorse || one.verdict == Verdict::kBetter;
    out += fmt::format(
        "| {} | {} | {} | {} | {} | {} | {}{}{} |\n", code_span(one.metric.title, 60),
        metric_text(one.metric, one.metric.value), metric_text(one.metric, one.candidate),
        one.difference ? difference_text(one.metric, *one.difference) : "-", interval_cell(one),
        p_cell(one.p_holm), strong ? "**" : "", verdict_name(one.verdict), strong ? "**" : "");
    if (out.size() > kMarkdownLimit / 2) {
      out += "\nMore figures are in `compare.json`.\n";
      break;
    }
  }
  out += fmt::format(
      "\nPaired by image ({} images), two-sided t tests adjusted by Holm. {} samples regressed, {} "
      "improved, {} are no longer scored, {} are newly.\n",
      comparison.clusters, comparison.regressed, comparison.improved, comparison.lost,
      comparison.gained);
  const size_t shown =
      std::min<size_t>(flips, static_cast<size_t>(comparison.regressed + comparison.lost));
  if (shown == 0) return out;
  out += fmt::format(
      "\n<details><summary>The {} worst of them</summary>\n\n"
      "| sample | question | base | candidate |\n|---|---|---|---|\n",
      shown);
  for (size_t i = 0; i < shown && i < comparison.flips.size(); ++i) {
    const Flip& flip = comparison.flips[i];
    const std::string row = fmt::format(
        "| {} | {} | {} | {} |\n", code_span(flip.id, 80), code_span(flip.question, 160),
        code_span(flip.base_outcome, 60), code_span(flip.candidate_outcome, 60));
    if (out.size() + row.size() > kMarkdownLimit) break;
    out += row;
  }
  return out + "\n</details>\n";
}

}  // namespace vigor::reports
