// Any finished run folder as one structure: what compare, report and nightly share.
//
// A figure comes as it was published (metrics.json, to the last digit) and taken apart by cluster
// (image), so that it can be paired with another run's and resampled. The two are checked against
// each other when the folder is opened: a figure whose samples do not give it again keeps its value
// and loses its terms, with the reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "reports/resampling.h"

namespace vigor::reports {

// What a figure is of, and how it is written.
enum class Unit {
  kShare,   // fraction of 1, written as percent
  kPoints,  // MME's scores: up to 200 a task
  kRating,  // MMHal-Bench: 0 to 6
  kRank,    // mean rank, 1 is best
};
enum class Better { kHigher, kLower, kNeither };  // kNeither: the yes ratio

struct RunMetric {
  std::string key;  // unique in the run: "average.f1", "random.accuracy", "perception",
                    // "existence.acc_plus", "hallucination_rate", "HL", "chair_s"
  std::string
      block;         // what the figure is of: "average", "random", "existence"; "" is the whole run
  std::string name;  // the figure's own name: "f1"
  std::string title;  // for people, plain text: "F1, average"
  Unit unit = Unit::kShare;
  Better better = Better::kHigher;
  bool headline = false;   // one of the few figures that the benchmark is quoted by
  bool of_margin = false;  // AUROC and calibration of the yes margin: a family of their own

  // As in metrics.json; without a value `reason` says why.
  std::optional<double> value;
  std::string reason;
  std::optional<statistics::Interval> interval;  // 95 %

  // Over RunView::clusters; empty when the figure cannot be taken apart, and why.
  statistics::RatioSum terms;
  std::string no_terms;
};

struct RunSample {
  std::string id;  // pairs samples of two runs: "random/17"; of a ranking the image
  // The image: the unit of every interval, and what two runs must ask about. Of MME without the
  // file name's extension, which differs between its result files.
  std::string cluster;
  std::string image;     // file name, untrusted; "" when there is none
  std::string group;     // split, task or type; "" when the benchmark has none
  std::string question;  // "" when the benchmark has none
  std::string answer;    // the model's text, whole, untrusted
  std::string label;     // the truth, as the benchmark words it
  std::string state;     // "scored", "unparsed", "failed" or "unjudged"
  std::string
      outcome;        // what the scorer made of it, plain text: "yes", "rating 2", "1 of 4 absent"
  std::string error;  // why it failed
  std::optional<bool> correct;   // yes/no benchmarks
  std::optional<double> score;   // larger is better, comparable within the benchmark; empty: none
  std::optional<double> margin;  // log-odds of yes against no
};

struct RunView {
  std::filesystem::path folder;
  std::filesystem::path
      images;             // folder of the pictures; empty when the run names none that is here
  std::string name;       // of the checkpoint or model, for people; untrusted
  std::string candidate;  // of a ranking: whose view this is; else ""

  // What must agree before two runs are compared; "" where the run does not say.
  std::string benchmark;     // "pope", "mme", "mmhal", "ranking", "chair"
  std::string dialect;       // of a ranking "batch" or "pairwise"
  std::string prompt;        // JSON text of everything that was added to the questions
  std::string dataset_hash;  // SHA-256 of what was asked: ids, images, questions, labels
  std::string judge;         // JSON text: endpoint's model, prompt's hash, settings
  std::string opponents;     // of a ranking: the other candidates; else ""

  bool complete = true;  // false: the figures are not of all questions
  std::string withheld;  // why no score is given at all; ""
  std::vector<std::string> warnings;
  int64_t scored = 0, unparsed = 0, failed = 0, unjudged = 0;

  std::vector<std::string> clusters;  // images
  std::vector<RunMetric> metrics;     // in the order of the benchmark's own table
  std::vector<RunSample> samples;     // in the order of the file
  Json run;                           // run.json
  Json metrics_json;                  // metrics.json

  // nullptr when there is no such metric or sample.
  const RunMetric* metric(const std::string& key) const;
};

// `spec` is a run folder; of a ranking "FOLDER#CANDIDATE". Throws Error naming the file and the key
// when it is no finished run of a known benchmark, and (for a ranking) listing the candidates when
// none or an unknown one is named.
RunView open_run(const std::string& spec);
// All views of a folder: one, or of a ranking one for each candidate in its order.
std::vector<RunView> open_runs(const std::filesystem::path& folder);

// "84.6 %", "1531.3", "3.12"; "-" without a value. Differences carry a sign and "pt" for shares.
std::string metric_text(const RunMetric& metric, const std::optional<double>& value);
std::string difference_text(const RunMetric& metric, double difference);
// "83.1 to 86.0 %"; "" without an interval.
std::string interval_text(const RunMetric& metric,
                          const std::optional<statistics::Interval>& interval);

}  // namespace vigor::reports
