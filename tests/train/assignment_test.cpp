#include "train/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/random.h"

namespace vigor {
namespace {

double sum_of(const std::vector<float>& costs, int64_t columns,
              const std::vector<int64_t>& assigned) {
  double sum = 0;
  for (size_t row = 0; row < assigned.size(); ++row) {
    sum += static_cast<double>(
        costs[row * static_cast<size_t>(columns) + static_cast<size_t>(assigned[row])]);
  }
  return sum;
}

// Of all ways to give each row a column of its own.
double least_sum(const std::vector<float>& costs, int64_t rows, int64_t columns) {
  std::vector<int64_t> order(static_cast<size_t>(columns));
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    least = std::min(least, sum_of(costs, columns, {order.begin(), order.begin() + rows}));
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

TEST(Assignment, IsTheCheapestOfAllPermutations) {
  CounterRandom random(1, "assignment");
  int compared = 0;
  for (int64_t columns = 1; columns <= 6; ++columns) {
    for (int64_t rows = 0; rows <= columns; ++rows) {
      for (int repeat = 0; repeat < 12; ++repeat) {
        std::vector<float> costs(static_cast<size_t>(rows * columns));
        // Every third time few different values, so that there are ties.
        for (float& cost : costs) {
          cost = repeat % 3 == 0 ? static_cast<float>(random.below(3)) - 1
                                 : static_cast<float>(random.normal());
        }
        const auto assigned = least_cost_assignment(costs, rows, columns);
        ASSERT_EQ(assigned.size(), static_cast<size_t>(rows));
        std::vector<int64_t> distinct = assigned;
        std::sort(distinct.begin(), distinct.end());
        EXPECT_TRUE(std::adjacent_find(distinct.begin(), distinct.end()) == distinct.end());
        EXPECT_NEAR(sum_of(costs, columns, assigned), least_sum(costs, rows, columns), 1e-6);
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 12 * (2 + 3 + 4 + 5 + 6 + 7));
}

TEST(Assignment, MoreThingsThanPredictionsAreRefused) {
  const std::vector<float> costs(6, 0.0f);
  EXPECT_THROW(least_cost_assignment(costs, 3, 2), Error);
  EXPECT_THROW(least_cost_assignment(costs, 2, 2), Error);  // not the size of the costs
  const std::vector<float> broken = {0.0f, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THROW(least_cost_assignment(broken, 1, 2), Error);
}

}  // namespace
}  // namespace vigor
