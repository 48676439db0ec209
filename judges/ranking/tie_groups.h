// A ranking of candidates with ties.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace vigor::ranking {

// Positions of the candidates, best group first; candidates of one group are tied.
using TieGroups = std::vector<std::vector<size_t>>;

// True when each of 0 .. count - 1 is there exactly once.
bool complete(const TieGroups& groups, size_t count);

// The rank of each candidate, 1 is best; tied candidates share the mean of their places (1, 2.5,
// 2.5, 4), so that ranks always sum to count (count + 1) / 2. `groups` must be complete.
std::vector<double> average_ranks(const TieGroups& groups, size_t count);

// Groups of a vector of stated ranks, one a candidate. Empty unless the ranks are numbered in one
// of the ways in which people number ties: 1 2 2 4 (competition), 1 2 2 3 (dense), 1 2.5 2.5 4
// (mean). Scores (8 7 9 6) and ranks beyond the count (1 2 3 5) are none.
std::optional<TieGroups> groups_of_ranks(std::span<const double> ranks);

}  // namespace vigor::ranking
