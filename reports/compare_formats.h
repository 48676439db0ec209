// Writers of a comparison, one a format, and all of them into a folder. `gate` may be null. Text
// from models, files and endpoints is data in all of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "base/json.h"
#include "reports/compare.h"
#include "reports/gate.h"

namespace vigor::reports {

// The words of every JSON and CSV: null where there is no value, [low, high] of an interval,
// "share", "points", "rating", "rank" of a unit, "higher", "lower", "neither" of what is better.
template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
Json interval_json(const std::optional<statistics::Interval>& interval);
const char* unit_key(Unit unit);
const char* better_key(Better better);

// The whole comparison as one document; docs/compare.md lists the keys.
Json compare_json(const Comparison& comparison, const GateResult* gate);

// For the terminal: a line a figure, then McNemar, flipped samples (at most `flips`) and the gate.
// Ends with a newline.
std::string compare_text(const Comparison& comparison, const GateResult* gate, size_t flips = 10);

// Fits a comment on a pull request and $GITHUB_STEP_SUMMARY.
std::string compare_markdown(const Comparison& comparison, const GateResult* gate,
                             size_t flips = 20);

// JUnit XML: one test case a rule of the gate (a regression is a failure, inconclusive is an
// error), or, without a gate, one a figure that was tested (worse is a failure, not tested is
// skipped).
std::string compare_junit(const Comparison& comparison, const GateResult* gate);

// One self-contained page: the gate, every figure with its drawing, McNemar, and the samples that
// changed with their pictures. It has no script.
struct ComparePageOptions {
  size_t flips = 200;  // samples that got worse, the worst first, and half as many that improved
  size_t answer_bytes = 600;        // longest text of one answer (at least 64)
  size_t picture_bytes = 3u << 20;  // all pictures together, before base64; 0 embeds none
};
std::string compare_html(const Comparison& comparison, const GateResult* gate,
                         const ComparePageOptions& options = {});

// compare.json, compare.html, compare.md and junit.xml in `folder`, which is made; each by atomic
// rename, and all are made before the first is written. Throws Error when one cannot be written.
void write_comparison(FileSystem& files, const std::filesystem::path& folder,
                      const Comparison& comparison, const GateResult* gate);

// "<0.0001", "0.0312"; "+0.4 pt .. +2.2 pt"; "-" where there is none.
std::string p_cell(const std::optional<double>& p);
std::string interval_cell(const MetricComparison& one);

// One sentence that stands above everything: what the tests show and no more.
std::string compare_headline(const Comparison& comparison, const GateResult* gate);

}  // namespace vigor::reports
