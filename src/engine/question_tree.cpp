#include "engine/question_tree.h"

#include <map>
#include <utility>

namespace vigor {

QuestionTree question_tree(const std::vector<std::span<const int64_t>>& suffixes, int64_t samples) {
  struct Node {
    int64_t id, parent, depth;
    int64_t answers = 0;
  };
  std::vector<Node> nodes;                                  // of all questions, parents first
  std::map<std::pair<int64_t, int64_t>, int64_t> children;  // (parent, id) -> node
  std::vector<std::vector<int64_t>> paths;
  QuestionTree tree;
  for (const std::span<const int64_t> suffix : suffixes) {
    tree.tokens += samples * static_cast<int64_t>(suffix.size());
    std::vector<int64_t>& path = paths.emplace_back();
    int64_t at = -1;
    for (size_t i = 0; i + 1 < suffix.size(); ++i) {
      const auto [child, is_new] =
          children.emplace(std::pair(at, suffix[i]), static_cast<int64_t>(nodes.size()));
      if (is_new) nodes.push_back({suffix[i], at, static_cast<int64_t>(i)});
      at = child->second;
      nodes[static_cast<size_t>(at)].answers += samples;
      path.push_back(at);
    }
  }
  std::vector<int64_t> place(nodes.size(), -1);  // in the tree
  for (size_t n = 0; n < nodes.size(); ++n) {
    if (nodes[n].answers < 2) continue;  // nor has any child of it more
    place[n] = static_cast<int64_t>(tree.ids.size());
    tree.ids.push_back(nodes[n].id);
    tree.parents.push_back(nodes[n].parent < 0 ? -1 : place[static_cast<size_t>(nodes[n].parent)]);
    tree.depths.push_back(nodes[n].depth);
    tree.saved += nodes[n].answers - 1;
  }
  for (const std::vector<int64_t>& path : paths) {
    int64_t leaf = -1;
    for (const int64_t node : path) {
      if (place[static_cast<size_t>(node)] >= 0) leaf = place[static_cast<size_t>(node)];
    }
    tree.leaves.push_back(leaf);
  }
  return tree;
}

}  // namespace vigor
