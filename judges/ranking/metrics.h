// What a ranking judge is asked for, and how its reply is read.
//
// judges/ranking holds the prompt (prompt.h), the parser of replies (reply.h) and what a ranking
// is (tie_groups.h). It knows no statistics, no files of captions and no network: benchmarks/
// captions asks, reports/ counts.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace vigor::ranking {

// The seven metrics of ViGoR's Table 1, in its order; rank 1 is best in all of them (HL: fewest
// hallucinations).
struct Metric {
  std::string_view code;
  std::string_view name;
  // What the judge is told to look at.
  std::string_view question;
};
inline constexpr std::array<Metric, 7> kMetrics = {{
    {"HL", "Hallucination",
     "claims about objects, people, text or events that the image does not show; the fewest such "
     "claims is best"},
    {"CA", "Counting accuracy", "stated numbers of things are those in the image"},
    {"AA", "Attribute accuracy",
     "colours, sizes, materials, states and other properties are those in the image"},
    {"RA", "Relationship accuracy",
     "positions of things to each other and what they do with each other are as in the image"},
    {"RL", "Relevance", "the caption answers the request and stays with what matters in the image"},
    {"RS", "Reasoning", "conclusions that it draws follow from what can be seen"},
    {"DL", "Level of detail", "how much of the image is described, correct details alone"},
}};
inline constexpr size_t kMetricCount = kMetrics.size();

// The metric that `text` starts with, under its code or one of the names that judges use for it
// ("counting", "relevancy", "detail level"), whatever the case; `length` is that of the name. A
// name ends at a character that is no letter or digit.
struct MetricName {
  size_t metric = 0;
  size_t length = 0;
};
std::optional<MetricName> metric_at_start(std::string_view text);

// The metric that a key of a JSON reply or a cell of a table names: "HL", "counting_accuracy",
// "Hallucination (HL)", "Relevance ranking".
std::optional<size_t> metric_of_key(std::string_view key);

}  // namespace vigor::ranking
