// Tables, in Markdown or separated by commas: metrics down or across.
#include <algorithm>

#include "judges/ranking/reading.h"

namespace vigor::ranking {
namespace {

using Cells = std::vector<std::string>;

Cells cells_of(std::string_view line) {
  line = trim(line);
  const bool bars = line.find('|') != std::string_view::npos;
  if (bars && line.starts_with('|')) line.remove_prefix(1);
  if (bars && line.ends_with('|')) line.remove_suffix(1);
  Cells cells;
  while (true) {
    const size_t end = line.find(bars ? '|' : ',');
    cells.emplace_back(trim(line.substr(0, end)));
    if (end == std::string_view::npos) return cells;
    line.remove_prefix(end + 1);
  }
}

// |---|:-:|
bool is_rule(const Cells& cells) {
  return std::all_of(cells.begin(), cells.end(), [](const std::string& cell) {
    return !cell.empty() && cell.find_first_not_of("-:") == std::string::npos;
  });
}

struct Header {
  enum class Kind { kNone, kMetrics, kCandidates, kPlaces };
  Kind kind = Kind::kNone;
  std::vector<size_t> columns;  // metric, candidate, or place - 1, of each cell but the first
};

Header header_of(const Cells& cells, const Task& task) {
  Header header;
  if (cells.size() < 3 || metric_of_key(cells[0])) return header;
  const auto read = [&](Header::Kind kind, auto&& column) {
    std::vector<size_t> columns;
    for (size_t i = 1; i < cells.size(); ++i) {
      const std::optional<size_t> one = column(cells[i]);
      if (!one || std::find(columns.begin(), columns.end(), *one) != columns.end()) return;
      columns.push_back(*one);
    }
    if (header.kind == Header::Kind::kNone) header = {kind, std::move(columns)};
  };
  read(Header::Kind::kMetrics, [](const std::string& cell) { return metric_of_key(cell); });
  if (cells.size() != task.labels.size() + 1) return header;
  read(Header::Kind::kCandidates, [&](const std::string& cell) -> std::optional<size_t> {
    // A bare number can head a place as well as a candidate.
    if (task.numeric && task.asked == Asked::kOrder && place_of(cell)) return std::nullopt;
    return task.candidate(cell);
  });
  read(Header::Kind::kPlaces, [&](const std::string& cell) -> std::optional<size_t> {
    const auto place = place_of(cell);
    const double most = static_cast<double>(task.labels.size());
    if (!place || (task.numeric && !place->ordinal) || place->value < 1 || place->value > most ||
        place->value != static_cast<double>(static_cast<size_t>(place->value))) {
      return std::nullopt;
    }
    return static_cast<size_t>(place->value) - 1;
  });
  return header;
}

// One metric's ranks as a table gives them, cell by cell.
class Column {
 public:
  explicit Column(size_t count) : ranks_(count, -1) {}
  void put(std::optional<size_t> candidate, std::optional<double> rank) {
    used_ = true;
    if (!candidate || !rank || ranks_[*candidate] != -1) {
      broken_ = true;
    } else {
      ranks_[*candidate] = *rank;
    }
  }
  Reading reading() const {
    if (!used_) return Reading::none();
    const bool missing = std::find(ranks_.begin(), ranks_.end(), -1) != ranks_.end();
    auto groups = broken_ || missing ? std::nullopt : groups_of_ranks(ranks_);
    return groups ? Reading::of(std::move(*groups), ranks_.size()) : Reading::broken();
  }

 private:
  std::vector<double> ranks_;
  bool used_ = false, broken_ = false;
};

std::optional<double> rank_of(const std::string& cell) {
  const auto place = place_of(cell);
  return place ? std::optional(place->value) : std::nullopt;
}

}  // namespace

void read_tables(const std::vector<std::string>& lines, const Task& task, Readings& found) {
  for (size_t at = 0; at < lines.size();) {
    const Header header = header_of(cells_of(lines[at]), task);
    ++at;
    if (header.kind == Header::Kind::kNone) continue;
    std::vector<Column> columns(kMetricCount, Column(task.labels.size()));
    for (; at < lines.size(); ++at) {
      const Cells cells = cells_of(lines[at]);
      if (cells.size() != header.columns.size() + 1) break;
      if (is_rule(cells)) continue;
      const auto metric = metric_of_key(cells[0]);
      const auto candidate = task.candidate(cells[0]);
      const auto place = place_of(cells[0]);
      for (size_t i = 0; i < header.columns.size(); ++i) {
        const size_t column = header.columns[i];
        const std::string& cell = cells[i + 1];
        if (header.kind == Header::Kind::kMetrics) {
          // Candidates down; or places down, which an ordinal makes clear.
          if (candidate && !(place && place->ordinal)) {
            columns[column].put(candidate, rank_of(cell));
          } else if (place) {
            columns[column].put(task.candidate(cell), place->value);
          }
        } else if (metric && header.kind == Header::Kind::kCandidates) {
          columns[*metric].put(column, rank_of(cell));
        } else if (metric) {
          columns[*metric].put(task.candidate(cell), static_cast<double>(column + 1));
        }
      }
    }
    for (size_t metric = 0; metric < kMetricCount; ++metric) {
      found.note(metric, columns[metric].reading());
    }
  }
}

}  // namespace vigor::ranking
