#include "reports/sweep_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/files.h"
#include "reports/published.h"
#include "reports/run_view_parts.h"

namespace vigor::reports {
namespace {

// A figure of one run, over the images of all runs of its benchmark.
struct SeedFigure {
  std::optional<double> value;
  std::string reason;
  std::optional<statistics::Estimate> estimate;
  std::optional<statistics::Interval> published;  // as the run says
};

struct OpenedView {
  std::optional<RunView> view;
  std::string reason;
  std::vector<size_t> position;  // of its clusters among those of the benchmark
};

class SweepGatherer {
 public:
  explicit SweepGatherer(const SweepInput& input) : input_(input) { open(); }
  // ", by JUDGE, N pictures": of the first run of the benchmark that can be read; "" without a
  // judge.
  std::string judged_by(const std::string& benchmark) const;
  // Nothing when no run of the benchmark was asked for.
  void add_table(SweepReport& report, SweepTable table, const std::vector<size_t>& variants) const;
  bool asked(const std::string& benchmark) const {
    return std::any_of(input_.runs.begin(), input_.runs.end(),
                       [&](const SweepRun& run) { return run.benchmark == benchmark; });
  }

 private:
  void open();
  SeedFigure figure(const SweepRun& run, const SweepColumn& column) const;
  std::optional<statistics::SeededEstimate> cell(size_t variant, SweepColumn& column,
                                                 SweepCell& cell) const;
  void describe(SweepColumn& column) const;

  const SweepInput& input_;
  std::map<std::string, OpenedView> views_;      // by run
  std::map<std::string, size_t> cluster_count_;  // by benchmark
};

void SweepGatherer::open() {
  std::map<std::string, std::map<std::string, size_t>> clusters;
  for (const SweepRun& run : input_.runs) {
    if (run.run.empty() || views_.count(run.run) != 0) continue;
    OpenedView& opened = views_[run.run];
    try {
      opened.view = run.benchmark == "sentences" ? sentence_view(run.run) : open_run(run.run);
    } catch (const Error& error) {
      opened.reason = error.parts().what;
      continue;
    }
    auto& known = clusters[run.benchmark];
    for (const std::string& cluster : opened.view->clusters) {
      opened.position.push_back(known.try_emplace(cluster, known.size()).first->second);
    }
  }
  for (const auto& [benchmark, known] : clusters) cluster_count_[benchmark] = known.size();
}

std::string SweepGatherer::judged_by(const std::string& benchmark) const {
  for (const SweepRun& run : input_.runs) {
    if (run.benchmark != benchmark || run.run.empty()) continue;
    const OpenedView& opened = views_.at(run.run);
    if (const std::string with = opened.view ? measured_with(*opened.view) : ""; !with.empty()) {
      return ", by " + with;
    }
  }
  return "";
}

SeedFigure SweepGatherer::figure(const SweepRun& run, const SweepColumn& column) const {
  SeedFigure out;
  if (run.run.empty()) {
    out.reason = run.reason.empty() ? "there is no run" : run.reason;
    return out;
  }
  const OpenedView& opened = views_.at(run.run);
  if (!opened.view) {
    out.reason = opened.reason;
    return out;
  }
  const size_t count = cluster_count_.at(run.benchmark);
  const RunMetric* metric = opened.view->metric(column.key);
  if (metric == nullptr) {
    out.reason = "not measured";
    return out;
  }
  out.value = metric->value;
  out.reason = metric->reason;
  out.published = metric->interval;
  if (!metric->value) {
    if (out.reason.empty()) out.reason = "no score";
    return out;
  }
  if (metric->terms.empty()) return out;
  out.estimate =
      statistics::sum_estimate(statistics::placed(metric->terms, opened.position, count));
  return out;
}

std::optional<statistics::SeededEstimate> SweepGatherer::cell(size_t variant, SweepColumn& column,
                                                              SweepCell& out) const {
  std::vector<statistics::Estimate> estimates;
  std::optional<statistics::Interval> published;
  std::set<std::string> seen;
  double sum = 0;
  size_t values = 0, seeds = 0;
  bool whole = true;
  for (const SweepRun& run : input_.runs) {
    if (run.variant != variant || run.benchmark != column.benchmark) continue;
    // The base is one run for all seeds; a ranking of it is another one beside each seed's others.
    if (!run.run.empty() && !seen.insert(run.run).second) continue;
    if (run.run.empty() && !input_.variants[variant].trained && seeds > 0) continue;
    ++seeds;
    const SeedFigure one = figure(run, column);
    out.by_seed.push_back(one.value);
    if (!one.value) {
      whole = false;
      if (out.reason.empty()) {
        out.reason = input_.variants[variant].trained && input_.seeds.size() > 1
                         ? "seed " + std::to_string(run.seed) + ": " + one.reason
                         : one.reason;
      }
      continue;
    }
    sum += *one.value;
    ++values;
    published = one.published;
    if (one.estimate) estimates.push_back(*one.estimate);
  }
  if (seeds == 0) out.reason = "not evaluated";
  if (!whole || values == 0) return std::nullopt;
  out.reason.clear();
  out.value = sum / static_cast<double>(values);
  if (values == 1) out.interval = published;
  if (estimates.size() != values) return std::nullopt;
  statistics::SeededEstimate seeded = statistics::seeded_estimate(estimates);
  seeded.fixed = !input_.variants[variant].trained && values == 1;
  if (values > 1 || !out.interval) {
    if (const auto interval = statistics::seeded_interval(seeded)) {
      out.interval = interval->difference.interval;
    }
  }
  return seeded;
}

// Unit and direction as the runs have them.
void SweepGatherer::describe(SweepColumn& column) const {
  for (const SweepRun& run : input_.runs) {
    if (run.benchmark != column.benchmark || run.run.empty()) continue;
    const OpenedView& opened = views_.at(run.run);
    const RunMetric* metric = opened.view ? opened.view->metric(column.key) : nullptr;
    if (metric == nullptr) continue;
    column.unit = metric->unit;
    column.better = metric->better;
    if (column.name.empty()) column.name = metric->title;
    return;
  }
}

void SweepGatherer::add_table(SweepReport& report, SweepTable table,
                              const std::vector<size_t>& variants) const {
  for (SweepColumn& column : table.columns) describe(column);
  std::vector<std::vector<std::optional<statistics::SeededEstimate>>> estimates;
  std::vector<SweepRow> rows;
  for (const size_t variant : variants) {
    SweepRow row{input_.variants[variant].name, false, {}, {}};
    estimates.emplace_back();
    for (SweepColumn& column : table.columns) {
      row.cells.emplace_back();
      estimates.back().push_back(cell(variant, column, row.cells.back()));
    }
    rows.push_back(std::move(row));
  }
  // Columns that nobody measured are told in a sentence.
  for (size_t c = table.columns.size(); c-- > 0;) {
    const bool any = std::any_of(rows.begin(), rows.end(),
                                 [&](const SweepRow& row) { return row.cells[c].value; });
    const bool other = std::any_of(rows.begin(), rows.end(), [&](const SweepRow& row) {
      return row.cells[c].reason != "not measured" &&
             !row.cells[c].reason.ends_with(": not measured");
    });
    if (any || other) continue;
    const auto at = static_cast<std::ptrdiff_t>(c);
    for (SweepRow& row : rows) row.cells.erase(row.cells.begin() + at);
    for (SweepRow& row : table.rows) row.printed.erase(row.printed.begin() + at);
    for (auto& row : estimates) row.erase(row.begin() + at);
    table.columns.erase(table.columns.begin() + at);
  }
  if (table.columns.empty()) return;
  std::vector<double> p;
  std::vector<SweepCell*> tested;
  for (size_t r = 1; r < rows.size(); ++r) {
    for (size_t c = 0; c < table.columns.size(); ++c) {
      if (!estimates[0][c] || !estimates[r][c]) continue;
      SweepCell& one = rows[r].cells[c];
      one.change = statistics::seeded_difference(*estimates[0][c], *estimates[r][c]);
      if (!one.change || table.columns[c].better == Better::kNeither) continue;
      p.push_back(one.change->difference.p);
      tested.push_back(&one);
    }
  }
  const std::vector<double> adjusted = statistics::holm(p);
  for (size_t i = 0; i < tested.size(); ++i) tested[i]->p_holm = adjusted[i];
  table.rows.insert(table.rows.end(), std::make_move_iterator(rows.begin()),
                    std::make_move_iterator(rows.end()));
  report.tables.push_back(std::move(table));
}

// Of figures that no run has; those of a run say themselves.
Unit unit_of(const std::string& benchmark) {
  if (benchmark == "ranking") return Unit::kRank;
  if (benchmark == "mmhal") return Unit::kRating;
  return benchmark == "mme" ? Unit::kPoints : Unit::kShare;
}

// Columns of the paper's table, and what it prints of LLaVA and ViGoR.
SweepTable paper_table(const std::string& id) {
  SweepTable out;
  out.id = id;
  out.notes = {
      "Published rows are the paper's, of its own models and pictures: read them against measured "
      "ones only where the questions are the same."};
  for (const PublishedTable& from : published().tables) {
    if (from.id != id) continue;
    out.title = from.title;
    if (!from.measured_with.empty()) {
      out.notes.push_back("Published rows: " + from.measured_with + ".");
    }
    for (const PublishedColumn& column : from.columns) {
      out.columns.push_back({from.benchmark,
                             column.key,
                             column.group,
                             column.head,
                             column.name,
                             unit_of(from.benchmark),
                             {}});
    }
    for (const PublishedRow& row : from.rows) {
      if (id != "5" && !row.method.starts_with("LLaVA") && !row.method.starts_with("ViGoR"))
        continue;
      SweepRow printed{row.method, true, {}, {}};
      for (const std::string& part : row.described) {
        if (!part.empty()) printed.name += ", " + part;
      }
      for (const PublishedColumn& column : from.columns) {
        const auto value = row.values.find(column.key);
        char text[32] = "-";
        if (value != row.values.end()) std::snprintf(text, sizeof text, "%.10g", value->second);
        printed.printed.emplace_back(text);
      }
      out.rows.push_back(std::move(printed));
    }
  }
  return out;
}

// Columns that the paper has not, where they are seen.
void add_columns(SweepTable& table, const std::vector<SweepColumn>& columns) {
  table.columns.insert(table.columns.begin(), columns.begin(), columns.end());
  for (SweepRow& row : table.rows) {
    row.printed.insert(row.printed.begin(), columns.size(), "-");
  }
}

SweepTable caption_table() {
  SweepTable out{"captions", "Long captions against the truth", {}, {}, {}};
  const auto add = [&](const char* benchmark, const char* key, const char* head, const char* name,
                       Better better) {
    out.columns.push_back({benchmark, key, "", head, name, Unit::kShare, better});
  };
  add("chair", "chair_s", "CHAIRs", "Captions with an absent object", Better::kLower);
  add("chair", "chair_i", "CHAIRi", "Named objects that are absent", Better::kLower);
  add("chair", "recall", "Recall", "True objects that are named", Better::kHigher);
  add("sentences", "wrong_share", "Wrong sentences",
      "Judged sentences with an error of any kind, by the scenes' truth", Better::kLower);
  add("sentences", "sentences", "Sentences", "Sentences of a caption", Better::kNeither);
  return out;
}

}  // namespace

RunView sentence_view(const std::filesystem::path& annotations) {
  RunView view;
  view.folder = annotations;
  view.benchmark = "sentences";
  Clusters clusters;
  statistics::RatioTerm wrong, length;
  for_each_jsonl(read_file(annotations), annotations.string(), [&](size_t line, Json&& row) {
    ObjectReader reader(row, annotations.string() + ":" + std::to_string(line));
    const size_t cluster = clusters.of(reader.require<std::string>("image"));
    wrong.clusters.resize(clusters.size());
    length.clusters.resize(clusters.size());
    length.clusters[cluster].denominator += 1;
    for (const Json& sentence : reader.require<Json>("sentences")) {
      ObjectReader one(sentence, reader.where() + ": sentence");
      const auto label = one.require<std::string>("label");
      length.clusters[cluster].numerator += 1;
      if (label == "unjudged") continue;
      wrong.clusters[cluster].denominator += 1;
      wrong.clusters[cluster].numerator += label == "wrong";
    }
    ++view.scored;
  });
  view.clusters = clusters.names();
  const auto add = [&](const char* key, const char* title, Unit unit, Better better,
                       statistics::RatioTerm term) {
    RunMetric metric;
    metric.key = metric.name = key;
    metric.title = title;
    metric.unit = unit;
    metric.better = better;
    metric.terms = {std::move(term)};
    if (const auto estimate = statistics::sum_estimate(metric.terms)) {
      metric.value = estimate->value;
      if (unit == Unit::kShare) metric.interval = statistics::share_interval(*estimate);
    } else {
      metric.reason = "no sentence could be judged";
    }
    view.metrics.push_back(std::move(metric));
  };
  add("wrong_share", "Wrong sentences", Unit::kShare, Better::kLower, std::move(wrong));
  add("sentences", "Sentences of a caption", Unit::kRating, Better::kNeither, std::move(length));
  return view;
}

SweepReport gather_sweep(const SweepInput& input) {
  SweepReport report{input.title, input.variants, input.seeds, {}, input.failures};
  const SweepGatherer gatherer(input);
  std::vector<size_t> all(input.variants.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  for (const auto& [benchmark, id] : {std::pair{"ranking", "1"}, {"mmhal", "2"}}) {
    if (!gatherer.asked(benchmark)) continue;
    SweepTable table = paper_table(id);
    table.title += gatherer.judged_by(benchmark);
    gatherer.add_table(report, std::move(table), all);
  }
  if (gatherer.asked("pope")) {
    SweepTable table = paper_table("3");
    add_columns(table,
                {{"pope", "average.accuracy", "Avg", "AC", "Accuracy, average", {}, {}},
                 {"pope",
                  "average.auroc",
                  "Avg",
                  "AUROC",
                  "Area under the ROC curve of the yes margin: grounding under a bias to yes",
                  {},
                  {}},
                 {"pope", "average.yes_ratio", "Avg", "yes", "Yes ratio, average", {}, {}}});
    gatherer.add_table(report, std::move(table), all);
  }
  if (gatherer.asked("mme")) {
    const SweepColumn sum = {
        "mme", "all_tasks.score", "", "All", "Sum of the tasks that were asked", {}, {}};
    SweepTable table = paper_table("4");
    add_columns(table, {sum});
    gatherer.add_table(report, std::move(table), all);
    // What the reward model's design does (Table 5): none, holistic, fine-grained.
    std::vector<size_t> designs;
    for (const char* name : {"base", "holistic", "All"}) {
      for (size_t i = 0; i < input.variants.size(); ++i) {
        if (input.variants[i].name == name) designs.push_back(i);
      }
    }
    if (designs.size() == 3) {
      SweepTable five = paper_table("5");
      std::vector<SweepColumn> own = {sum};
      if (gatherer.asked("chair")) {
        own.push_back({"chair", "chair_i", "", "CHAIRi", "Named objects that are absent", {}, {}});
      }
      if (gatherer.asked("sentences")) {
        own.push_back({"sentences",
                       "wrong_share",
                       "",
                       "Wrong sentences",
                       "Judged sentences with an error of any kind, by the scenes' truth",
                       {},
                       {}});
      }
      add_columns(five, own);
      gatherer.add_table(report, std::move(five), designs);
    }
  }
  if (gatherer.asked("chair") || gatherer.asked("sentences")) {
    gatherer.add_table(report, caption_table(), all);
  }
  if (auto table = reward_model_table(input)) report.tables.push_back(*std::move(table));
  return report;
}

}  // namespace vigor::reports
