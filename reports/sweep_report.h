// The report of a sweep: the paper's tables over variants, each figure a mean over seeds with an
// interval that counts both images and seeds, beside the difference to the base.
//
// A variant whose runs are not all there has no figure, and says which is missing and why.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"
#include "reports/compare.h"
#include "reports/resampling.h"
#include "reports/run_view.h"

namespace vigor::reports {

struct SweepVariant {
  std::string name;
  bool trained = true;  // false: the base, which is one checkpoint whatever the seed
};

// One benchmark of one checkpoint.
struct SweepRun {
  size_t variant = 0;  // into SweepInput::variants
  uint64_t seed = 0;
  std::string benchmark;  // "pope", "mme", "mmhal", "chair", "ranking", "sentences"
  // Run folder, FOLDER#CANDIDATE of a ranking, or a file of annotations
  // (docs/format-annotations.md) by the scenes' truth. "" when there is none.
  std::string run;
  std::string reason;  // why there is none
};

// A reward model against judgements of held-out sentences: a file of judge-check.
struct SweepCheck {
  std::string reward;   // "fine-grained" or "holistic"
  std::string against;  // "people" or "truth"
  uint64_t seed = 0;
  std::string file;    // "" when there is none
  std::string reason;  // why there is none
};

struct SweepInput {
  std::string title;
  std::vector<SweepVariant> variants;  // the first is what the others are compared with
  std::vector<uint64_t> seeds;
  std::vector<SweepRun> runs;
  std::vector<SweepCheck> checks;
  std::vector<std::string> failures;  // jobs without a result, one sentence each
};

// One figure of one variant.
struct SweepCell {
  std::optional<double> value;                         // mean over the seeds
  std::string reason;                                  // why there is no value
  std::optional<statistics::Interval> interval;        // 95 %
  std::vector<std::optional<double>> by_seed;          // SweepInput::seeds; one entry of the base
  std::optional<statistics::SeededDifference> change;  // to the first variant
  std::optional<double> p_holm;                        // over all changes of the table
};

struct SweepColumn {
  std::string benchmark, key;  // of RunMetric
  std::string group, head;     // as the paper abbreviates it
  std::string name;            // in full
  Unit unit = Unit::kShare;
  Better better = Better::kHigher;
};

struct SweepRow {
  std::string name;              // of a variant (from outside), or of a published method
  bool published = false;        // the paper's own figures: `printed` in place of `cells`
  std::vector<SweepCell> cells;  // by columns
  std::vector<std::string> printed;
};

struct SweepTable {
  std::string id;  // "1" to "5": the paper's; "captions", "reward-models"
  std::string title;
  std::vector<SweepColumn> columns;
  std::vector<SweepRow> rows;
  std::vector<std::string> notes;  // plain sentences
};

struct SweepReport {
  std::string title;
  std::vector<SweepVariant> variants;
  std::vector<uint64_t> seeds;
  std::vector<SweepTable> tables;
  std::vector<std::string> failures;
};

// The reward models, a row for each side that judged, without differences. Nothing when none was
// checked.
std::optional<SweepTable> reward_model_table(const SweepInput& input);

// Opens every run once. A run that cannot be read is a missing figure with that reason.
SweepReport gather_sweep(const SweepInput& input);

// Share of wrong sentences of a file of annotations as a view with the metrics "wrong_share" (of
// the judged ones) and "sentences" (a caption, judged or not).
RunView sentence_view(const std::filesystem::path& annotations);

Json sweep_json(const SweepReport& report);
std::string sweep_markdown(const SweepReport& report);
std::string sweep_html(const SweepReport& report);
// For the terminal: the tables without intervals of the single seeds.
std::string sweep_text(const SweepReport& report);

// report.html, report.md and report.json in `folder`, each by atomic rename.
std::vector<std::filesystem::path> write_sweep_report(FileSystem& files, const SweepReport& report,
                                                      const std::filesystem::path& folder);

// kBetter or kWorse where the difference is shown (p below 0.05 after Holm's correction over the
// table) and the figure has a good direction; else kNoDifference.
Verdict sweep_verdict(const SweepColumn& column, const SweepCell& cell);

// "84.6", "1531.3", "3.12": without the unit, which stands in the heading.
std::string sweep_number(Unit unit, double value, bool sign = false);
// "%", "points", "".
std::string sweep_unit(Unit unit);

}  // namespace vigor::reports
