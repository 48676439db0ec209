// Two runs of one benchmark, paired by image: what changed, and whether that can be told from
// chance.
//
// The difference of a figure is tested on the images that the two runs share a cluster with: its
// standard error comes from the paired influences (statistics.h), its p value from Student's t with
// images - 1 degrees of freedom. Figures that a benchmark is quoted by (RunMetric::headline) are
// one family of Holm's, those of the yes margin a second one, all the others a third; two tests of
// the same numbers count once.
// McNemar's exact test stands beside it for yes/no benchmarks, as the customary figure; it takes
// questions for independent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reports/run_view.h"

namespace vigor::reports {

struct CompareOptions {
  double level = 0.95;  // of the intervals (0 < level < 1); a verdict needs p (Holm) < 1 - level
  double power = 0.8;   // of the minimum detectable difference (0 < power < 1)
  // Resamples of the bootstrap intervals beside the others (100 or more); 0 makes none.
  int resamples = 0;
  uint64_t seed = 0;  // of the bootstrap
  // Compare runs that differ in what must agree; the result names the differences.
  bool force = false;
};

enum class Verdict {
  kBetter,
  kWorse,
  kChanged,       // of a figure without a good direction
  kNoDifference,  // none that could be told from chance
  kIdentical,     // no image says anything different
  kUntested,      // `reason` says why
};
// "better", "worse", "changed", "no difference shown", "identical", "not tested".
const char* verdict_name(Verdict verdict);

struct MetricComparison {
  RunMetric metric;  // key, title, unit, direction; value and interval of BASE; terms are left out
  std::optional<double> candidate;
  std::optional<statistics::Interval> candidate_interval;
  std::vector<double> base_seeds, candidate_seeds;  // values of each seed, when there are several

  std::optional<double> difference;  // candidate - base
  std::optional<statistics::Interval> interval;
  std::optional<statistics::Interval> bootstrap;
  std::optional<double> p, p_holm;  // two-sided
  double standard_error = 0;
  double degrees_of_freedom = 0;
  size_t clusters = 0;        // images that say anything
  std::optional<double> mdd;  // found with `power` at the level of the verdict, two-sided
  Verdict verdict = Verdict::kUntested;
  std::string reason;  // why not tested
};

// Questions that both runs scored, by who was right.
struct McNemar {
  std::string group;  // split or task; "" is all
  int64_t both = 0, neither = 0, only_base = 0, only_candidate = 0;
  double p = 1;
};

struct Flip {
  enum class Kind { kRegressed, kLost, kImproved, kGained } kind = Kind::kRegressed;
  std::string id, image, group, question, label;
  std::string base_answer, candidate_answer, base_outcome, candidate_outcome;
  double change = 0;             // of the score, below 0 is worse; 0 for lost and gained
  std::optional<double> margin;  // candidate - base, away from the truth below 0
};
// "regressed", "lost" (scored before, not now), "improved", "gained".
const char* flip_name(Flip::Kind kind);

struct ComparedRun {
  std::string name, folder, candidate;
  std::filesystem::path images = {};  // of the pictures; empty when the run names none that is here
  bool complete = true;
  std::string withheld;
  int64_t scored = 0, unparsed = 0, failed = 0, unjudged = 0;
  size_t seeds = 1;
};

struct Comparison {
  std::string benchmark, dialect;
  ComparedRun base, candidate;
  size_t clusters = 0;  // images of either run
  size_t paired = 0;    // samples that both scored
  CompareOptions options;
  // What must agree and does not ("dialect: official, lmms"): not empty only when forced.
  std::vector<std::string> incomparable;
  std::vector<std::string> notes;  // what to know before the figures are read
  std::vector<MetricComparison> metrics;
  std::vector<McNemar> mcnemar;  // all first; empty for other benchmarks
  std::vector<Flip> flips;       // worst first
  int64_t regressed = 0, lost = 0, improved = 0, gained = 0;

  const MetricComparison* metric(const std::string& key) const;
};

// What must agree and does not, one line each: benchmark, dialect, prompt, questions, judge.
std::vector<std::string> incomparable(const RunView& base, const RunView& candidate);

// Each side is one run, or several trainings of one recipe with different seeds. Throws Error
// naming every difference when the runs must not be compared and options.force is not set, and
// always for different benchmarks.
Comparison compare_runs(const std::vector<RunView>& base, const std::vector<RunView>& candidate,
                        const CompareOptions& options = {});

}  // namespace vigor::reports
