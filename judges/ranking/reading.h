// The parts of the reply parser (reply.h), one file a form; not for others to include.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "judges/ranking/reply.h"

namespace vigor::ranking {

// What stands where a ranking could: no ranking at all, one that cannot be used, or one that can.
struct Reading {
  enum class Kind { kNone, kBroken, kGood };
  Kind kind = Kind::kNone;
  TieGroups groups;

  static Reading none() { return {}; }
  static Reading broken() { return {Kind::kBroken, {}}; }
  // kGood when complete, else kBroken.
  static Reading of(TieGroups groups, size_t count);
};

struct Task {
  const std::vector<std::string>& labels;
  Asked asked;
  bool numeric = false;  // labels are numbers, so that a number may be a label or a rank

  // The candidate that `text` names: its label, maybe after "Caption" or "#", maybe in brackets.
  std::optional<size_t> candidate(std::string_view text) const;
};

// The last reading of each metric that was no kNone.
struct Readings {
  std::array<Reading, kMetricCount> metrics;

  void note(size_t metric, Reading reading) {
    if (reading.kind != Reading::Kind::kNone) metrics[metric] = std::move(reading);
  }
  bool any() const;
};

// Signs of other scripts and of typography as their ASCII counterparts, without Markdown's bold,
// code marks and CR. Everything below but read_json() takes such text.
std::string plain_text(std::string_view reply);

// One line, or one string of a JSON reply, that stands behind the name of a metric.
Reading read_line(std::string_view line, const Task& task);
// One line of a list: "1. B", "2nd: A and C", "Caption D: 3rd"; nothing else stands in it but a
// remark after a dash or colon.
struct ListItem {
  std::vector<size_t> candidates;
  double place = 0;
};
std::optional<ListItem> read_list_item(std::string_view line, const Task& task);
// Ranks in the order of the labels, or (for numbered candidates) an order.
Reading read_numbers(const std::vector<double>& numbers, const Task& task);

void read_json(std::string_view reply, const Task& task, Readings& found);
void read_tables(const std::vector<std::string>& lines, const Task& task, Readings& found);
void read_statements(const std::vector<std::string>& lines, const Task& task, Readings& found);

// Lower case for ASCII; blanks at both ends removed.
std::string lower(std::string_view text);
std::string_view trim(std::string_view text);
// A whole number ("3"), or an ordinal ("3rd", "3rd place", "third"), or 2.5.
struct Place {
  double value = 0;
  bool ordinal = false;
};
std::optional<Place> place_of(std::string_view text);

}  // namespace vigor::ranking
