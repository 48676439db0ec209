#include "vigor/prompt_packing.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include "base/error.h"

namespace vigor {

std::vector<std::vector<size_t>> pack_prompts(std::span<const std::vector<int>> nouns,
                                              const PromptPacking& options) {
  std::vector<size_t> order(nouns.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (nouns[a].size() != nouns[b].size()) return nouns[a].size() > nouns[b].size();
    return nouns[a] < nouns[b];
  });
  struct Prompt {
    std::vector<size_t> nouns;
    size_t used = 0;
    std::set<int> tokens;
  };
  std::vector<Prompt> prompts;
  for (const size_t index : order) {
    const std::vector<int>& tokens = nouns[index];
    const size_t cost = tokens.size() + 1;
    if (cost > options.budget) {
      throw Error({.what = "a noun of " + std::to_string(tokens.size()) +
                           " tokens is longer than a prompt of the detector, " +
                           std::to_string(options.budget)});
    }
    const auto holds = [&](const Prompt& prompt) {
      if (prompt.used + cost > options.budget) return false;
      if (!options.keep_apart) return true;
      return std::none_of(tokens.begin(), tokens.end(),
                          [&](int token) { return prompt.tokens.contains(token); });
    };
    auto place = std::find_if(prompts.begin(), prompts.end(), holds);
    if (place == prompts.end()) place = prompts.insert(prompts.end(), Prompt{});
    place->nouns.push_back(index);
    place->used += cost;
    place->tokens.insert(tokens.begin(), tokens.end());
  }
  std::vector<std::vector<size_t>> packed;
  for (Prompt& prompt : prompts) packed.push_back(std::move(prompt.nouns));
  return packed;
}

}  // namespace vigor
