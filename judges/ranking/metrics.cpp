#include "judges/ranking/metrics.h"

#include <cctype>
#include <string>

#include "judges/ranking/reading.h"

namespace vigor::ranking {
namespace {

struct Alias {
  std::string_view name;
  size_t metric;
};
// Longer names before those that they start with.
constexpr std::array<Alias, 34> kAliases = {{
    {"hallucinations", 0},
    {"hallucination", 0},
    {"hl", 0},
    {"counting accuracy", 1},
    {"count accuracy", 1},
    {"counting", 1},
    {"counts", 1},
    {"ca", 1},
    {"attributes accuracy", 2},
    {"attribute accuracy", 2},
    {"attributes", 2},
    {"attribute", 2},
    {"aa", 2},
    {"relationships accuracy", 3},
    {"relationship accuracy", 3},
    {"relational accuracy", 3},
    {"relation accuracy", 3},
    {"relationships", 3},
    {"relationship", 3},
    {"relations", 3},
    {"ra", 3},
    {"relevance", 4},
    {"relevancy", 4},
    {"rl", 4},
    {"reasoning", 5},
    {"rs", 5},
    {"levels of detail", 6},
    {"level of details", 6},
    {"level of detail", 6},
    {"detail level", 6},
    {"detailedness", 6},
    {"details", 6},
    {"detail", 6},
    {"dl", 6},
}};

bool letter_or_digit(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

std::optional<MetricName> metric_at_start(std::string_view text) {
  constexpr size_t kLongest = 24;
  const std::string head = lower(text.substr(0, kLongest));
  for (const Alias& alias : kAliases) {
    if (!head.starts_with(alias.name)) continue;
    if (head.size() > alias.name.size() && letter_or_digit(head[alias.name.size()])) continue;
    return MetricName{alias.metric, alias.name.size()};
  }
  return std::nullopt;
}

std::optional<size_t> metric_of_key(std::string_view key) {
  std::string plain;
  for (const char c : lower(key)) {
    const char one = c == '_' || c == '-' ? ' ' : c;
    if (one == ' ' && (plain.empty() || plain.back() == ' ')) continue;
    if (one != '*' && one != '`') plain += one;
  }
  while (!plain.empty() && plain.back() == ' ') plain.pop_back();
  const auto found = metric_at_start(plain);
  if (!found) return std::nullopt;
  std::string rest = plain.substr(found->length);
  if (rest.empty() || rest.starts_with(" (") || rest.starts_with("(")) return found->metric;
  for (const char* word : {" ranking", " rankings", " rank", " ranks", " order"}) {
    if (rest == word) return found->metric;
  }
  return std::nullopt;
}

}  // namespace vigor::ranking
