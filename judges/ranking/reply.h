// Reads the reply of a ranking judge, whatever form it gave it: JSON (fenced, cut off, nested, with
// trailing commas), lines of "HL: B > A = D > C", lists, tables, prose orders.
//
// A ranking is used only when every candidate occurs exactly once; what can be read in two ways is
// not read at all. When a metric is ranked twice the last time counts, and a last time that is
// broken leaves the metric without a ranking.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "judges/ranking/metrics.h"
#include "judges/ranking/tie_groups.h"

namespace vigor::ranking {

// What the prompt requested: candidates from best to worst, or a rank for each candidate in the
// order of their labels. It decides between readings where numbers could be either.
enum class Asked { kOrder, kRanks };

enum class ReplyStatus { kOk, kPartial, kUnparsable };  // all metrics, some, none
const char* status_name(ReplyStatus status);            // "ok", "partial", "unparsable"

struct ParsedReply {
  std::array<std::optional<TieGroups>, kMetricCount> rankings;

  ReplyStatus status() const;
};

// `labels` are what the prompt called the candidates ("A", "B", ... or "1", "2", ...): at least
// two, distinct, not empty. Time is linear in the length of the reply, of which the last 64 KiB are
// read.
ParsedReply parse_reply(std::string_view reply, const std::vector<std::string>& labels,
                        Asked asked = Asked::kOrder);

// {"status", "metrics": {"HL": [["A"], ["B", "C"]] or null, ...}}: the form of the reference file.
Json reply_json(const ParsedReply& parsed, const std::vector<std::string>& labels);

}  // namespace vigor::ranking
