// Rankings of captions and CHAIR as views.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "benchmarks/captions/score.h"
#include "judges/ranking/metrics.h"
#include "reports/run_view_parts.h"

namespace vigor::reports {
namespace {

using captions::ImageTable;
using ranking::kMetricCount;
using ranking::kMetrics;

struct Ranking {
  std::vector<std::string> candidates, images;
  std::vector<ImageTable> ranks;  // by metric, image and candidate
  bool batch = true;
};

Ranking read_ranking(const OpenedRun& opened) {
  ObjectReader metrics(opened.view.metrics_json, opened.metrics_where);
  Ranking out;
  out.batch = metrics.require<std::string>("mode") == "batch";
  out.candidates = metrics.require<std::vector<std::string>>("candidates");
  std::set<std::string> images;
  std::vector<Json> rows;
  for (const SampleLine& line : opened.lines) {
    ObjectReader reader(line.row, line.where);
    images.insert(reader.require<std::string>("image"));
    rows.push_back(line.row);
  }
  out.images.assign(images.begin(), images.end());
  captions::ScoreOptions options;
  options.mode = out.batch ? captions::Mode::kBatch : captions::Mode::kPairwise;
  options.candidates = out.candidates;
  options.images = out.images;
  out.ranks = captions::ranks_by_image(rows, options,
                                       printable((opened.view.folder / "samples.jsonl").string()));
  return out;
}

statistics::RatioTerm rank_term(const Ranking& run, size_t metric, size_t candidate,
                                double weight) {
  statistics::RatioTerm term{weight, std::vector<statistics::ClusterRatio>(run.images.size())};
  for (size_t i = 0; i < run.images.size(); ++i) {
    const std::vector<double>& row = run.ranks[metric][i];
    if (!row.empty()) term.clusters[i] = {row[candidate], 1};
  }
  return term;
}

void add_ranking_metrics(RunView& view, const Ranking& run, size_t candidate) {
  const Json block =
      view.metrics_json.value("models", Json::object()).value(run.candidates[candidate], Json());
  statistics::RatioSum all;
  std::vector<RunMetric> metrics;
  for (size_t m = 0; m < kMetricCount; ++m) {
    RunMetric metric;
    metric.key = metric.name = std::string(kMetrics[m].code);
    metric.title = std::string(kMetrics[m].name);
    metric.unit = Unit::kRank;
    metric.better = Better::kLower;
    metric.terms = {rank_term(run, m, candidate, 1)};
    all.push_back(rank_term(run, m, candidate, 1.0 / kMetricCount));
    metrics.push_back(std::move(metric));
  }
  RunMetric average;
  average.key = average.name = "average";
  average.title = "Average of the seven";
  average.unit = Unit::kRank;
  average.better = Better::kLower;
  average.headline = true;
  average.terms = std::move(all);
  metrics.insert(metrics.begin(), std::move(average));
  for (RunMetric& metric : metrics) {
    if (!run.batch) {
      // A strength is fitted to all pairs together; what an image says is who lost there.
      RunMetric lost = metric;
      lost.key += ".lost";
      lost.title += ", lost comparisons";
      lost.unit = Unit::kShare;
      metric.headline = false;
      metric.better = Better::kHigher;
      metric.terms.clear();
      metric.no_terms = "a strength is fitted to all comparisons together; see the share lost";
      if (const auto share = statistics::sum_estimate(lost.terms)) {
        lost.value = share->value;
        lost.interval = statistics::share_interval(*share);
      } else {
        lost.terms.clear();
        lost.reason = lost.no_terms = "no image was judged";
      }
      view.metrics.push_back(std::move(lost));
    }
    view.metrics.push_back(view_metric(block, std::move(metric)));
  }
}

void add_ranking_samples(RunView& view, const Ranking& run, size_t candidate) {
  for (size_t i = 0; i < run.images.size(); ++i) {
    RunSample sample;
    sample.id = sample.cluster = sample.image = run.images[i];
    double sum = 0;
    int judged = 0;
    for (size_t m = 0; m < kMetricCount; ++m) {
      const std::vector<double>& row = run.ranks[m][i];
      if (row.empty()) continue;
      sum += row[candidate];
      ++judged;
    }
    sample.state = judged > 0 ? "scored" : "unjudged";
    if (judged > 0) {
      const double mean = sum / judged;
      sample.score = -mean;
      sample.outcome = run.batch
                           ? fmt::format("mean rank {:.2f} of {}", mean, run.candidates.size())
                           : fmt::format("lost {:.0f} % of its comparisons", mean * 100);
    } else {
      sample.error = "the judge gave no ranking";
    }
    view.samples.push_back(std::move(sample));
  }
}

std::string opponents_of(const Json& run, const Ranking& ranking, size_t candidate) {
  Json others = Json::array();
  const Json settings = run.value("settings", Json::object());
  const Json listed = settings.is_object() ? settings.value("candidates", Json()) : Json();
  for (size_t c = 0; c < ranking.candidates.size(); ++c) {
    if (c == candidate) continue;
    Json other = ranking.candidates[c];
    for (const Json& one : listed) {
      if (text_at(one, "name") == ranking.candidates[c]) other = one;
    }
    others.push_back(std::move(other));
  }
  std::sort(others.begin(), others.end());
  return dump_json(others);
}

}  // namespace

std::vector<RunView> ranking_views(OpenedRun&& opened) {
  const Ranking run = read_ranking(opened);
  std::vector<RunView> out;
  for (size_t c = 0; c < run.candidates.size(); ++c) {
    RunView view = opened.view;
    view.name = view.candidate = run.candidates[c];
    view.dialect = run.batch ? "batch" : "pairwise";
    view.prompt = setting_text(view.run, "prompt");
    const Json settings = view.run.value("settings", Json::object());
    Json judge = Json::object();
    for (const char* key : {"judge", "template"}) {
      if (settings.is_object() && settings.contains(key)) judge[key] = settings[key];
    }
    view.judge = judge_text(judge);
    view.opponents = opponents_of(view.run, run, c);
    view.clusters = run.images;
    add_ranking_metrics(view, run, c);
    add_ranking_samples(view, run, c);
    view.dataset_hash = dataset_hash(view.samples);
    out.push_back(std::move(view));
  }
  return out;
}

namespace {

struct ChairFigure {
  const char* name;
  const char* title;
  Better better;
  bool headline;
};
constexpr ChairFigure kChairFigures[] = {
    {"chair_s", "Captions with an absent object (CHAIRs)", Better::kLower, true},
    {"chair_i", "Absent among objects named (CHAIRi)", Better::kLower, true},
    {"recall", "Objects found (recall)", Better::kHigher, false}};

// What one caption adds to the three figures, in their order.
struct CaptionSums {
  size_t cluster;
  statistics::ClusterRatio parts[std::size(kChairFigures)];
};

CaptionSums caption_sums(const Json& row, const std::string& where, size_t cluster) {
  ObjectReader reader(row, where);
  const auto present = reader.require<std::vector<std::string>>("present");
  const auto objects = reader.require<std::vector<std::string>>("objects");
  const auto absent = static_cast<double>(reader.require<Json>("hallucinated").size());
  const std::set<std::string> there(present.begin(), present.end());
  std::set<std::string> found;
  for (const std::string& object : objects) {
    if (there.contains(object)) found.insert(object);
  }
  return {cluster,
          {{absent > 0 ? 1.0 : 0.0, 1},
           {absent, static_cast<double>(objects.size())},
           {static_cast<double>(found.size()), static_cast<double>(there.size())}}};
}

std::string joined(const Json& list) {
  std::string out;
  for (const Json& one : list) {
    if (one.is_string()) out += (out.empty() ? "" : ", ") + one.get<std::string>();
  }
  return out;
}

}  // namespace

std::vector<RunView> chair_views(OpenedRun&& opened) {
  RunView& view = opened.view;
  ObjectReader metrics(view.metrics_json, opened.metrics_where);
  view.dialect = metrics.get<std::string>("dialect", "");
  Clusters clusters;
  std::vector<CaptionSums> sums;
  std::map<std::string, int> seen;
  for (const SampleLine& line : opened.lines) {
    RunSample sample = view_sample(line);
    // Captions of an image are told apart by their order alone.
    const int number = ++seen[sample.image];
    sample.id = sample.image + (number > 1 ? "#" + std::to_string(number) : "");
    sample.answer = text_at(line.row, "caption");
    if (sample.state == "scored") {
      const CaptionSums one = caption_sums(line.row, line.where, clusters.of(sample.image));
      sample.label = joined(line.row.value("present", Json::array()));
      sample.score = -one.parts[1].numerator;
      sample.outcome = fmt::format("{:.0f} of {:.0f} objects absent", one.parts[1].numerator,
                                   one.parts[1].denominator);
      sums.push_back(one);
    }
    view.samples.push_back(std::move(sample));
  }
  view.clusters = clusters.names();
  for (size_t f = 0; f < std::size(kChairFigures); ++f) {
    RunMetric metric;
    metric.key = metric.name = kChairFigures[f].name;
    metric.title = kChairFigures[f].title;
    metric.better = kChairFigures[f].better;
    metric.headline = kChairFigures[f].headline;
    statistics::RatioTerm term{1, std::vector<statistics::ClusterRatio>(clusters.size())};
    for (const CaptionSums& one : sums) {
      term.clusters[one.cluster].numerator += one.parts[f].numerator;
      term.clusters[one.cluster].denominator += one.parts[f].denominator;
    }
    metric.terms = {std::move(term)};
    view.metrics.push_back(view_metric(view.metrics_json, std::move(metric)));
  }
  // A failed caption has no list of what is in its image: the truth is named by its files.
  std::vector<RunSample> asked;
  const auto add = [&](const std::string& id, const std::string& label) {
    RunSample sample;
    sample.id = id;
    sample.label = label;
    asked.push_back(std::move(sample));
  };
  for (const RunSample& sample : view.samples) add(sample.id, "");
  const Json settings = view.run.value("settings", Json::object());
  for (const char* file : {"objects", "synonyms"}) {
    if (settings.is_object()) add(file, text_at(settings.value(file, Json()), "sha256"));
  }
  view.dataset_hash = dataset_hash(asked);
  std::vector<RunView> out;
  out.push_back(std::move(view));
  return out;
}

}  // namespace vigor::reports
