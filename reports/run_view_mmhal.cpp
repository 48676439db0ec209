// MMHal-Bench as a view: one sample a record, its repeats averaged.
#include <map>

#include "benchmarks/mmhal/rating.h"
#include "benchmarks/mmhal/record.h"
#include "reports/run_view_parts.h"

namespace vigor::reports {
namespace {

// A record with what the judge said of it in every repeat.
struct MmhalRecord {
  RunSample sample;
  std::string type;
  size_t cluster = 0;
  double rating = 0, hallucination = 0, informativeness = 0;
  int judged = 0;
};

struct MmhalFigure {
  const char* name;
  const char* title;
  double MmhalRecord::*value;
  double weight;
  Unit unit;
  Better better;
  bool headline;
};
constexpr MmhalFigure kMmhalFigures[] = {
    {"average", "Rating", &MmhalRecord::rating, 1, Unit::kRating, Better::kHigher, true},
    {"hallucination_rate", "Hallucination rate", &MmhalRecord::hallucination, 1, Unit::kShare,
     Better::kLower, true},
    {"informativeness", "Informativeness", &MmhalRecord::informativeness, 1.0 / 3, Unit::kShare,
     Better::kHigher, false}};

statistics::RatioSum mmhal_terms(const std::vector<MmhalRecord>& records, const std::string& type,
                                 const MmhalFigure& figure, size_t clusters) {
  statistics::RatioTerm term{figure.weight, std::vector<statistics::ClusterRatio>(clusters)};
  for (const MmhalRecord& record : records) {
    if (record.judged == 0 || (!type.empty() && record.type != type)) continue;
    term.clusters[record.cluster].numerator += record.*figure.value / record.judged;
    term.clusters[record.cluster].denominator += 1;
  }
  return {term};
}

std::vector<MmhalRecord> mmhal_records(const std::vector<SampleLine>& lines, bool official,
                                       Clusters& clusters) {
  std::map<int64_t, MmhalRecord> records;
  for (const SampleLine& line : lines) {
    ObjectReader reader(line.row, line.where);
    const auto number = reader.require<int64_t>("record");
    const auto [found, fresh] = records.try_emplace(number);
    MmhalRecord& record = found->second;
    RunSample sample = view_sample(line);
    if (fresh) {
      record.sample = sample;
      record.sample.id = std::to_string(number);
      record.sample.label = reader.get<std::string>("standard_answer", "");
      record.type = reader.get<std::string>("type", "");
      // The official script knows no type but the position.
      if (official || record.type.empty()) {
        record.type = mmhal::kTypes[static_cast<size_t>(number) % mmhal::kTypes.size()];
      }
      record.sample.group = record.type;
      if (sample.image.empty()) record.sample.cluster = "#" + record.sample.id;
      record.cluster = clusters.of(record.sample.cluster);
    }
    const Json* rating = reader.find("rating");
    if (rating == nullptr || rating->is_null()) continue;
    const int score = reader.require<int>("rating");
    // The first repeat that was judged stands for the record's state.
    record.sample.state = "scored";
    ++record.judged;
    record.rating += score;
    record.hallucination += mmhal::is_hallucination(score) ? 1 : 0;
    record.informativeness += mmhal::informativeness(score);
  }
  std::vector<MmhalRecord> out;
  for (auto& [number, record] : records) {
    if (record.judged > 0) {
      record.sample.score = record.rating / record.judged;
      record.sample.outcome =
          "rating " + dump_json(record.judged == 1 ? Json(static_cast<int>(record.rating))
                                                   : Json(*record.sample.score));
    }
    out.push_back(std::move(record));
  }
  return out;
}

}  // namespace

std::vector<RunView> mmhal_views(OpenedRun&& opened) {
  RunView& view = opened.view;
  ObjectReader metrics(view.metrics_json, opened.metrics_where);
  view.dialect = metrics.require<std::string>("dialect");
  view.judge = judge_text(view.metrics_json);
  Clusters clusters;
  const std::vector<MmhalRecord> records =
      mmhal_records(opened.lines, view.dialect == "official", clusters);
  view.clusters = clusters.names();
  for (const MmhalFigure& figure : kMmhalFigures) {
    RunMetric metric;
    metric.key = metric.name = figure.name;
    metric.title = figure.title;
    metric.unit = figure.unit;
    metric.better = figure.better;
    metric.headline = figure.headline;
    metric.terms = mmhal_terms(records, "", figure, clusters.size());
    view.metrics.push_back(view_metric(view.metrics_json, std::move(metric)));
  }
  const Json blocks = view.metrics_json.value("type_figures", Json::object());
  for (const Json& type : view.metrics_json.value("type_order", Json::array())) {
    if (!type.is_string()) continue;
    const auto name = type.get<std::string>();
    for (const MmhalFigure& figure : kMmhalFigures) {
      if (figure.better == Better::kHigher && !figure.headline) continue;
      RunMetric metric;
      metric.block = name;
      metric.name = figure.name;
      metric.key = name + "." + figure.name;
      metric.title = std::string(figure.title) + ", " + name;
      metric.unit = figure.unit;
      metric.better = figure.better;
      metric.terms = mmhal_terms(records, name, figure, clusters.size());
      view.metrics.push_back(view_metric(blocks.value(name, Json()), std::move(metric)));
    }
  }
  for (const MmhalRecord& record : records) view.samples.push_back(record.sample);
  view.dataset_hash = dataset_hash(view.samples);
  std::vector<RunView> out;
  out.push_back(std::move(view));
  return out;
}

}  // namespace vigor::reports
