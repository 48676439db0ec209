// Every stored reply of the reference file is read as its convention says.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "judges/ranking/reply.h"
#include "tests/testing/shared_data.h"

namespace vigor::ranking {
namespace {

constexpr const char* kFile = "benchmarks/ranking/judge_replies.json";

TEST(ReferenceRanking, EveryStoredReplyIsReadAsExpected) {
  VIGOR_REQUIRE_SHARED(kFile);
  const Json file = read_json_file(testing::shared(kFile));
  for (const Json& one : file["replies"]) {
    SCOPED_TRACE(one["id"].get<std::string>() + ": " + one.value("note", ""));
    const auto labels = one["labels"].get<std::vector<std::string>>();
    const std::string asked = one["asked"];
    const Json read =
        reply_json(parse_reply(one["reply"].get<std::string>(), labels,
                               asked.ends_with("ranks") ? Asked::kRanks : Asked::kOrder),
                   labels);
    // "partial" may be accepted beside "unparsable": then the rankings need not be there.
    if (read["status"] == one.value("accept_also", "-")) continue;
    EXPECT_EQ(read["status"], one["expected"]["status"]);
    // Tied candidates have no order among themselves.
    Json expected = one["expected"]["metrics"], found = read["metrics"];
    for (Json* metrics : {&expected, &found}) {
      for (Json& groups : *metrics) {
        for (Json& group : groups) std::sort(group.begin(), group.end());
      }
    }
    EXPECT_EQ(found, expected);
  }
}

TEST(ReferenceRanking, RealReviewsOfAnotherKindAreNoRankings) {
  constexpr const char* kReviews = "benchmarks/ranking/llava_bench_reviews_real.jsonl";
  VIGOR_REQUIRE_SHARED(kReviews);
  for (const JsonRow& row : read_json_rows(testing::shared(kReviews))) {
    SCOPED_TRACE(row.line);
    const ParsedReply read = parse_reply(row.value["content"].get<std::string>(), {"1", "2"});
    EXPECT_EQ(read.status(), ReplyStatus::kUnparsable);
  }
}

}  // namespace
}  // namespace vigor::ranking
