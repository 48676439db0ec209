#include "train/assignment.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace vigor {
namespace {

constexpr int64_t kFree = -1;

// Rows join one after another; what is assigned so far is always the cheapest for the rows so far,
// which the potentials prove: cost - row - column >= 0 everywhere, 0 where assigned.
class Assignment {
 public:
  Assignment(std::span<const float> costs, int64_t rows, int64_t columns)
      : costs_(costs),
        columns_(columns),
        row_potential_(static_cast<size_t>(rows), 0.0),
        column_potential_(static_cast<size_t>(columns), 0.0),
        row_of_(static_cast<size_t>(columns), kFree) {}

  // Dijkstra from `row` over reduced costs to the nearest free column; then the path flips.
  void add(int64_t row) {
    constexpr double kFar = std::numeric_limits<double>::infinity();
    std::vector<double> distance(row_of_.size(), kFar);
    std::vector<int64_t> row_before(row_of_.size(), kFree);
    std::vector<bool> done(row_of_.size(), false);
    std::vector<int64_t> reached;  // columns that are done, in their order
    int64_t from = row;
    double length = 0;  // of the path to `from`
    int64_t end = kFree;
    while (end == kFree) {
      size_t nearest = 0;
      double least = kFar;
      for (size_t c = 0; c < row_of_.size(); ++c) {
        if (done[c]) continue;
        const double through = length + reduced(from, c);
        if (through < distance[c]) {
          distance[c] = through;
          row_before[c] = from;
        }
        if (distance[c] < least) {
          least = distance[c];
          nearest = c;
        }
      }
      done[nearest] = true;
      length = least;
      if (row_of_[nearest] == kFree) {
        end = static_cast<int64_t>(nearest);
      } else {
        reached.push_back(static_cast<int64_t>(nearest));
        from = row_of_[nearest];
      }
    }
    row_potential_[static_cast<size_t>(row)] += length;
    for (const int64_t column : reached) {
      const auto c = static_cast<size_t>(column);
      row_potential_[static_cast<size_t>(row_of_[c])] += length - distance[c];
      column_potential_[c] -= length - distance[c];
    }
    while (true) {
      const int64_t taken_by = row_before[static_cast<size_t>(end)];
      row_of_[static_cast<size_t>(end)] = taken_by;
      if (taken_by == row) return;
      end = column_of(taken_by, end);
    }
  }

  std::vector<int64_t> columns_of(int64_t rows) const {
    std::vector<int64_t> columns(static_cast<size_t>(rows), kFree);
    for (size_t c = 0; c < row_of_.size(); ++c) {
      if (row_of_[c] != kFree) columns[static_cast<size_t>(row_of_[c])] = static_cast<int64_t>(c);
    }
    return columns;
  }

 private:
  double reduced(int64_t row, size_t column) const {
    return static_cast<double>(costs_[static_cast<size_t>(row * columns_) + column]) -
           row_potential_[static_cast<size_t>(row)] - column_potential_[column];
  }
  // The column that `row` had before it took `other`.
  int64_t column_of(int64_t row, int64_t other) const {
    for (size_t c = 0; c < row_of_.size(); ++c) {
      if (row_of_[c] == row && static_cast<int64_t>(c) != other) return static_cast<int64_t>(c);
    }
    return kFree;
  }

  std::span<const float> costs_;
  int64_t columns_;
  std::vector<double> row_potential_, column_potential_;
  std::vector<int64_t> row_of_;  // by column
};

}  // namespace

std::vector<int64_t> least_cost_assignment(std::span<const float> costs, int64_t rows,
                                           int64_t columns) {
  const bool fits = rows >= 0 && rows <= columns &&
                    costs.size() == static_cast<size_t>(rows) * static_cast<size_t>(columns);
  if (!fits) {
    throw Error({.what = std::to_string(rows) + " things cannot each have one of " +
                         std::to_string(columns) + " predictions",
                 .where = "assignment",
                 .cause = "a picture holds more things than the detector has queries",
                 .fix = "take a geometry with more queries"});
  }
  if (!std::all_of(costs.begin(), costs.end(), [](float cost) { return std::isfinite(cost); })) {
    throw Error({.what = "a cost of the assignment is not finite",
                 .where = "assignment",
                 .cause = "the network's boxes or scores are not numbers any more",
                 .fix = "lower learning_rate and train into another folder"});
  }
  Assignment assignment(costs, rows, columns);
  for (int64_t row = 0; row < rows; ++row) assignment.add(row);
  return assignment.columns_of(rows);
}

}  // namespace vigor
