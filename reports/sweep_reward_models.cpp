// The sweep's table of reward models: what judge-check says of each on sentences that it was not
// taught (docs/format-rewards.md).
#include <cmath>
#include <map>

#include "base/files.h"
#include "reports/statistics.h"
#include "reports/sweep_report.h"

namespace vigor::reports {
namespace {

struct CheckFigure {
  const char* pointer;  // of the value below FIGURES; its interval stands in the ci95 beside it
  const char* key;
  const char* head;
  const char* name;
  Unit unit;
  Better better;
};
constexpr CheckFigure kCheckFigures[] = {
    {"/auroc", "auroc", "AUROC", "Area under the ROC curve of the margin for right sentences",
     Unit::kShare, Better::kHigher},
    {"/classes/wrong/precision", "precision", "Precision", "Sentences called wrong that are wrong",
     Unit::kShare, Better::kHigher},
    {"/classes/wrong/recall", "recall", "Recall", "Wrong sentences that are called wrong",
     Unit::kShare, Better::kHigher},
    {"/calibration/ece", "ece", "ECE", "Expected calibration error of the probability",
     Unit::kShare, Better::kLower},
    {"/share_wrong", "share_wrong", "Wrong", "Judged sentences that are wrong", Unit::kShare,
     Better::kNeither},
    {"/judged", "judged", "Judged", "Judged sentences, of one seed", Unit::kPoints,
     Better::kNeither}};

// Of one seed: FIGURES by who judged, or why there are none.
struct Checked {
  std::map<std::string, Json> blocks;  // "" is all of them
  std::string reason;
};

Checked read_check(const SweepCheck& check) {
  Checked out;
  out.reason = check.reason.empty() && check.file.empty() ? "there is no run" : check.reason;
  if (!out.reason.empty()) return out;
  try {
    const Json figures = read_json_file(check.file);
    ObjectReader reader(figures, check.file);
    out.blocks[""] = reader.require<Json>("all");
    const auto annotators = reader.require<std::map<std::string, Json>>("annotators");
    if (annotators.size() < 2) return out;
    for (const auto& [name, block] : annotators) out.blocks[name] = block;
  } catch (const Error& error) {
    out.blocks.clear();
    out.reason = error.parts().what;
  }
  return out;
}

// A number below a block, and the interval beside it.
std::optional<double> number_at(const Json& block, const Json::json_pointer& pointer) {
  if (!block.contains(pointer) || !block[pointer].is_number()) return std::nullopt;
  return block[pointer].get<double>();
}
std::optional<statistics::Interval> interval_at(const Json& block,
                                                const Json::json_pointer& pointer) {
  const Json::json_pointer place = pointer.parent_pointer() / "ci95" / pointer.back();
  if (!block.contains(place)) return std::nullopt;
  const Json& pair = block[place];
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_number()) {
    return std::nullopt;
  }
  return statistics::Interval{pair[0].get<double>(), pair[1].get<double>()};
}

// Mean and interval over seeds whose held-out pictures and trainings are draws of their own.
void add_interval_over_seeds(SweepCell& cell, const std::vector<double>& values, Unit unit) {
  const auto n = static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - *cell.value) * (value - *cell.value);
  const double half = statistics::student_t(0.95, n - 1) * std::sqrt(squares / (n - 1) / n);
  cell.interval = {*cell.value - half, *cell.value + half};
  if (unit != Unit::kShare) return;
  cell.interval->low = std::max(cell.interval->low, 0.0);
  cell.interval->high = std::min(cell.interval->high, 1.0);
}

// What judge-check says of a figure that it has not.
std::string reason_at(const Json& block, const Json::json_pointer& pointer) {
  const Json::json_pointer place = pointer.parent_pointer() / "reason" / pointer.back();
  return block.contains(place) && block[place].is_string() ? block[place].get<std::string>()
                                                           : "not measured";
}

SweepCell cell_of(const std::vector<std::pair<uint64_t, Checked>>& seeds, const std::string& who,
                  const CheckFigure& figure) {
  const Json::json_pointer pointer(figure.pointer);
  SweepCell cell;
  std::vector<double> values;
  for (const auto& [seed, checked] : seeds) {
    const auto block = checked.blocks.find(who);
    const auto value =
        block == checked.blocks.end() ? std::nullopt : number_at(block->second, pointer);
    cell.by_seed.push_back(value);
    if (value) {
      values.push_back(*value);
      if (seeds.size() == 1) cell.interval = interval_at(block->second, pointer);
    } else if (cell.reason.empty()) {
      const std::string why = block == checked.blocks.end()
                                  ? (checked.reason.empty() ? "not measured" : checked.reason)
                                  : reason_at(block->second, pointer);
      cell.reason = seeds.size() > 1 ? "seed " + std::to_string(seed) + ": " + why : why;
    }
  }
  if (values.size() < seeds.size()) return cell;
  double sum = 0;
  for (const double value : values) sum += value;
  cell.value = sum / static_cast<double>(values.size());
  if (values.size() > 1 && figure.better != Better::kNeither) {
    add_interval_over_seeds(cell, values, figure.unit);
  }
  return cell;
}

}  // namespace

std::optional<SweepTable> reward_model_table(const SweepInput& input) {
  // By reward model and side, in the order in which they were planned.
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<uint64_t, Checked>>> checks;
  for (const SweepCheck& check : input.checks) {
    const auto key = std::pair(check.reward, check.against);
    if (!checks.contains(key)) order.push_back(key);
    checks[key].emplace_back(check.seed, read_check(check));
  }
  if (order.empty()) return std::nullopt;
  SweepTable table{
      "reward-models", "Reward models on sentences that they were not taught", {}, {}, {}};
  for (const CheckFigure& figure : kCheckFigures) {
    table.columns.push_back(
        {"judge-check", figure.key, "", figure.head, figure.name, figure.unit, figure.better});
  }
  for (const auto& key : order) {
    const auto& seeds = checks[key];
    std::map<std::string, bool> people = {{"", true}};
    for (const auto& [seed, checked] : seeds) {
      for (const auto& [name, block] : checked.blocks) people[name] = true;
    }
    for (const auto& [who, there] : people) {
      SweepRow row;
      row.name = key.first + (key.second == "truth" ? ", by the scenes' truth"
                              : who.empty()         ? ", by people"
                                                    : ", by " + who);
      for (const CheckFigure& figure : kCheckFigures)
        row.cells.push_back(cell_of(seeds, who, figure));
      table.rows.push_back(std::move(row));
    }
  }
  table.notes = {
      "A holistic verdict counts for every sentence of its caption.",
      input.seeds.size() > 1
          ? "Intervals are Student's over the seeds, each with held-out pictures of its own."
          : "Intervals count pictures as the source of error."};
  return table;
}

}  // namespace vigor::reports
