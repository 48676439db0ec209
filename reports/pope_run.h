// A POPE run folder, read for the reports.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace vigor::reports {

// One line of samples.jsonl; docs/format-run.md describes the keys.
struct PopeSample {
  std::string split, image, question, label, status, answer, finish, error;
  int64_t question_id = 0;
  std::optional<std::string> decision;  // "yes" or "no"
  std::optional<bool> correct;
  std::optional<double> margin;  // log-odds of yes against no

  bool wrong() const { return status == "scored" && correct == false; }
  bool unanswered() const { return status != "scored"; }
};

struct PopeRun {
  std::string name;                  // what the model calls itself, else the folder's name
  std::filesystem::path images_dir;  // empty when the run names none that exists
  Json run;                          // run.json
  Json metrics;                      // metrics.json
  std::vector<std::string> splits;  // in the order of reading: random, popular, adversarial, others
  std::vector<PopeSample> samples;
};

// What a run's model calls itself in run.json, else the folder's name; for people, untrusted.
std::string run_name(const Json& run, const std::filesystem::path& folder);
// The folder of pictures that run.json names, when it is here; else empty.
std::filesystem::path find_images(const Json& run, const std::filesystem::path& folder);

// A figure as metrics.json holds it: fractions of 1, null with a reason.
struct Figure {
  std::optional<double> value;
  std::optional<double> low, high;  // 95 % interval
  std::string reason;               // why there is no value
};

// What other yes/no benchmarks' runs are read with, too. `group` is the key that names a sample's
// split ("split", "task"), `number` the one of its question_id.
PopeSample read_yes_no_sample(const Json& row, const std::string& where, const char* group,
                              const char* number);
// metrics.json of a finished run of `benchmark`, with an object under the key `groups` whose values
// are objects; and run.json, {} when there is none.
Json read_run_metrics(const std::filesystem::path& folder, const std::string& benchmark,
                      const char* groups);
Json read_run_json(const std::filesystem::path& folder);

// Throws Error naming the file and the key when `folder` is not a finished POPE run.
PopeRun read_pope_run(const std::filesystem::path& folder);

// `block` is one entry of "splits", or "average".
Figure figure(const Json& block, const std::string& key);
// A count of `block`, 0 when absent.
int64_t count(const Json& block, const std::string& key);
// The block of one split; a null Json when this run does not hold the split.
const Json& split_block(const PopeRun& run, const std::string& split);

// The block "average"; a null Json when there is none.
const Json& average_block(const PopeRun& run);
// A text of `object`, "" when it is absent or another type.
std::string text_at(const Json& object, const std::string& key);

// Known splits first, in the field's order; used for metrics and for several runs together.
std::vector<std::string> ordered_splits(const std::vector<const Json*>& metrics);

// Counts over all splits together.
struct Totals {
  int64_t tp = 0, fp = 0, tn = 0, fn = 0, questions = 0;
  int64_t scored = 0, unparsed = 0, failed = 0, unjudged = 0;
  // Share of questions about absent objects that were answered "yes": FP / (FP + TN).
  std::optional<double> false_alarms() const;
  // Share of questions whose object is there: (TP + FN) / all four.
  std::optional<double> present_share() const;
};
Totals totals(const Json& metrics);

// FP / (FP + TN) over all splits together, with its interval clustered by image.
Figure false_alarms(const PopeRun& run);
// Why figures are missing: ("scores", reason) for all of them, (split, reason) for one split.
std::vector<std::pair<std::string, std::string>> score_reasons(const Json& metrics);

// What a reader must know before two runs are compared: the settings that decide the answers
// (dialect, prompt, template, questions) and differ. "dialect: official, lmms".
std::vector<std::string> incomparable(const std::vector<PopeRun>& runs);

// run.json, flattened for a table: "settings.dtype" -> "bfloat16". Timing is left out.
std::vector<std::pair<std::string, std::string>> flat_settings(const Json& run);

// "84.6 %"; "-" when there is none.
std::string percent(const std::optional<double>& value, int decimals = 1);
// "83.1 to 86.0 %"; "" when there is no interval.
std::string interval_text(const Figure& figure);

}  // namespace vigor::reports
