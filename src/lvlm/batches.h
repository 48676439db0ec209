// Which pictures are asked again when a stopped run goes on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace vigor {

// Indices, in order, of the pictures to give to a model, of which open[i] has something unanswered.
// `together` is Lvlm::images_together(): with 0 the open ones; else all of each batch of that many
// that has an open one, so that every batch is the one that an undisturbed run would have made.
inline std::vector<size_t> pictures_to_ask(const std::vector<bool>& open, size_t together) {
  const size_t batch = std::max<size_t>(together, 1);
  std::vector<size_t> chosen;
  for (size_t first = 0; first < open.size(); first += batch) {
    const size_t end = std::min(open.size(), first + batch);
    bool any = false;
    for (size_t i = first; i < end; ++i) any = any || open[i];
    for (size_t i = first; i < end && any; ++i) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace vigor
