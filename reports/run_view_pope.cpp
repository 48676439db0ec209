// POPE as a view.
#include "benchmarks/pope/score.h"
#include "reports/run_view_parts.h"

namespace vigor::reports {
namespace {

struct Wording {
  const char* name;
  const char* title;
};
constexpr Wording kPopeTitles[] = {{"accuracy", "Accuracy"},
                                   {"precision", "Precision"},
                                   {"recall", "Recall"},
                                   {"f1", "F1"},
                                   {"yes_ratio", "Yes ratio"}};

RunMetric pope_metric(const pope::FigureByImage& figure) {
  RunMetric metric;
  metric.block = figure.block;
  metric.name = figure.name;
  metric.key = figure.block + "." + figure.name;
  for (const Wording& wording : kPopeTitles) {
    if (figure.name == wording.name) metric.title = wording.title;
  }
  metric.title += ", " + figure.block;
  if (figure.name == "yes_ratio") metric.better = Better::kNeither;
  metric.headline = figure.block == "average" && (figure.name == "accuracy" || figure.name == "f1");
  metric.terms = figure.terms;
  return metric;
}

}  // namespace

std::vector<RunView> pope_views(OpenedRun&& opened) {
  RunView& view = opened.view;
  ObjectReader metrics(view.metrics_json, opened.metrics_where);
  view.dialect = metrics.require<std::string>("dialect");
  view.prompt = setting_text(view.run, "prompt");

  std::vector<pope::SampleOutcome> outcomes;
  for (const SampleLine& line : opened.lines) {
    outcomes.push_back(pope::sample_of_row(line.row, line.where));
    const pope::SampleOutcome& outcome = outcomes.back();
    RunSample sample = view_sample(line);
    sample.id = pope::sample_key(outcome.split, outcome.question);
    sample.group = outcome.split;
    const std::string decision = text_at(line.row, "decision");
    if (sample.state == "scored") sample.outcome = decision;
    if (sample.state == "unparsed") sample.outcome = "neither yes nor no";
    view.samples.push_back(std::move(sample));
  }
  const Json splits = view.metrics_json.value("splits", Json::object());
  pope::ScoreOptions options;
  options.splits = ordered_splits({&view.metrics_json});
  const pope::FiguresByImage taken =
      pope::figures_by_image(outcomes, pope::parse_dialect(view.dialect), options);
  view.clusters = taken.images;
  const Json average = view.metrics_json.value("average", Json());
  // The average first: it is what the benchmark is quoted by.
  for (const bool averages : {true, false}) {
    for (const pope::FigureByImage& one : taken.figures) {
      if ((one.block == "average") != averages) continue;
      const Json block = averages ? average : splits.value(one.block, Json());
      if (block.is_object()) view.metrics.push_back(view_metric(block, pope_metric(one)));
    }
  }
  const MarginTerms margins(view);
  statistics::RatioSum mean;
  for (const std::string& split : options.splits) {
    for (statistics::RatioTerm& term : margins.auroc(split)) {
      term.weight /= static_cast<double>(options.splits.size());
      mean.push_back(std::move(term));
    }
  }
  if (mean.size() != options.splits.size()) mean.clear();
  margins.add(view, average, "average", "", std::move(mean), false);
  for (const std::string& split : options.splits) {
    margins.add(view, splits.value(split, Json()), split, split, margins.auroc(split), true);
  }
  view.dataset_hash = dataset_hash(view.samples);
  std::vector<RunView> out;
  out.push_back(std::move(view));
  return out;
}

}  // namespace vigor::reports
