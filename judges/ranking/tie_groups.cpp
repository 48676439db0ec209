#include "judges/ranking/tie_groups.h"

#include <map>

namespace vigor::ranking {

bool complete(const TieGroups& groups, size_t count) {
  std::vector<bool> seen(count);
  size_t members = 0;
  for (const std::vector<size_t>& group : groups) {
    for (const size_t candidate : group) {
      if (candidate >= count || seen[candidate]) return false;
      seen[candidate] = true;
      ++members;
    }
  }
  return members == count;
}

std::vector<double> average_ranks(const TieGroups& groups, size_t count) {
  std::vector<double> ranks(count);
  double before = 0;
  for (const std::vector<size_t>& group : groups) {
    const auto size = static_cast<double>(group.size());
    for (const size_t candidate : group) ranks[candidate] = before + (size + 1) / 2;
    before += size;
  }
  return ranks;
}

std::optional<TieGroups> groups_of_ranks(std::span<const double> ranks) {
  std::map<double, std::vector<size_t>> sorted;
  for (size_t i = 0; i < ranks.size(); ++i) sorted[ranks[i]].push_back(i);
  TieGroups groups;
  bool competition = true, dense = true, mean = true;
  double before = 0;
  for (auto& [rank, group] : sorted) {
    const auto size = static_cast<double>(group.size());
    competition = competition && rank == before + 1;
    dense = dense && rank == static_cast<double>(groups.size()) + 1;
    mean = mean && rank == before + (size + 1) / 2;
    before += size;
    groups.push_back(std::move(group));
  }
  if (!competition && !dense && !mean) return std::nullopt;
  return groups;
}

}  // namespace vigor::ranking
