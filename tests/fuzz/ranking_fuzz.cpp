// Replies of a ranking judge: whatever comes, a ranking that is used has every candidate once.
#include <cstdlib>

#include "judges/ranking/reply.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor::ranking;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Asked asked = data[0] & 1 ? Asked::kRanks : Asked::kOrder;
  const std::vector<std::string> labels = data[0] & 2
                                              ? std::vector<std::string>{"1", "2", "3"}
                                              : std::vector<std::string>{"A", "B", "C", "D"};
  const ParsedReply parsed = parse_reply(text, labels, asked);
  for (const auto& ranking : parsed.rankings) {
    if (ranking && !complete(*ranking, labels.size())) std::abort();
  }
  reply_json(parsed, labels);
  return 0;
}
