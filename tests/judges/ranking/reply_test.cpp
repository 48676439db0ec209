// Readings that the reference file does not have: what must not be guessed.
#include "judges/ranking/reply.h"

#include <gtest/gtest.h>

namespace vigor::ranking {
namespace {

const std::vector<std::string> kLabels = {"A", "B", "C"};

// "B>A=C" of metric HL; "-" when there is none.
std::string hl(const std::string& reply, Asked asked = Asked::kOrder) {
  const ParsedReply parsed = parse_reply(reply, kLabels, asked);
  if (!parsed.rankings[0]) return "-";
  std::string out;
  for (const auto& group : *parsed.rankings[0]) {
    if (!out.empty()) out += '>';
    for (size_t i = 0; i < group.size(); ++i) out += (i > 0 ? "=" : "") + kLabels[group[i]];
  }
  return out;
}

TEST(RankingReply, SignsOfOrderAndTie) {
  EXPECT_EQ(hl("HL: B > A = C"), "B>A=C");
  EXPECT_EQ(hl("HL: B >> A ~ C"), "B>A=C");
  EXPECT_EQ(hl("HL: B > A/C"), "B>A=C");
  EXPECT_EQ(hl("Hallucination B > A > C"), "B>A>C");
  EXPECT_EQ(hl("HL: B -> A -> C"), "B>A>C");
}

TEST(RankingReply, WhatCanBeReadInTwoWaysIsNotRead) {
  EXPECT_EQ(hl("HL: A > B, C"), "-");
  EXPECT_EQ(hl("HL: A > B and C"), "-");
  EXPECT_EQ(hl("HL: A and B, C"), "-");
  EXPECT_EQ(hl("HL: A < B < C"), "-");
  EXPECT_EQ(hl("HL: A >= B >= C"), "-");
  EXPECT_EQ(hl("HL: A > B > C (B and C are equal)"), "-");
  EXPECT_EQ(hl("HL: A (tie), B, C"), "-");
  EXPECT_EQ(hl("HL: 2, 1, 3"), "-");  // ranks, or positions of the captions?
}

TEST(RankingReply, ProseThatNamesEveryoneIsNoRanking) {
  EXPECT_EQ(hl("HL: A, B and C all mention a dog that is not there."), "-");
  EXPECT_EQ(hl("HL: I cannot compare captions A, B and C."), "-");
  EXPECT_EQ(hl("HL: not all of them are tied"), "-");
  EXPECT_EQ(hl("HL: a dog, b, c and a"), "-");
}

TEST(RankingReply, TheOtherDirectionIsRefused) {
  EXPECT_EQ(hl("Rankings, worst to best:\nHL: A, B, C"), "-");
  EXPECT_EQ(hl("(3 = best)\nHL: A=1, B=2, C=3", Asked::kRanks), "-");
}

TEST(RankingReply, TheLastTimeCountsEvenWhenItIsBroken) {
  EXPECT_EQ(hl("HL: A > B > C\nHL: C > B > A"), "C>B>A");
  EXPECT_EQ(hl("HL: A > B > C\nHL: C > B > C"), "-");
  EXPECT_EQ(hl("HL: A > B > C\nHallucination: B invents a cat."), "A>B>C");
}

TEST(RankingReply, AListEndsWhereProseBegins) {
  EXPECT_EQ(hl("HL:\n1. B\n2. A and C\nOverall:\n1. A\n2. B\n3. C"), "B>A=C");
  EXPECT_EQ(hl("HL:\n1. B\n2. A\n\nOverall, C is the worst."), "-");
  EXPECT_EQ(hl("HL:\n- A: 2nd\n- B: 1st - the only careful one\n- C: 3rd"), "B>A>C");
}

TEST(RankingReply, JsonOfOtherShapes) {
  EXPECT_EQ(hl(R"([{"metric": "HL", "order": ["B", "A", "C"]}])"), "B>A>C");
  EXPECT_EQ(hl(R"({"HL": {"A": "2nd", "B": "1st", "C": "3rd"}})"), "B>A>C");
  EXPECT_EQ(hl(R"({"HL": "\u0042 > A > C"})"), "B>A>C");
  EXPECT_EQ(hl(R"({"HL": ["Caption B", "Caption A", "Caption C"]})"), "B>A>C");
  EXPECT_EQ(hl(R"({"HL": ["B", "A", "C"])"), "B>A>C");
  EXPECT_EQ(hl(R"({"HL": ["B", "A", "C")"), "-");
  EXPECT_EQ(hl(R"({"HL": ["B", "A", "C"], "HL": ["B", "A", "A"]})"), "-");
  EXPECT_EQ(hl("{\"HL\": [\"B\", \"A\", \"C\"], \"why\": \"\xE2\x80\x9Cso\xE2\x80\x9D\"}"),
            "B>A>C");
}

TEST(RankingReply, TablesWithAHoleLeaveThatMetricOut) {
  EXPECT_EQ(hl("| | HL | CA |\n|---|---|---|\n| A | 1 | 1 |\n| B | 2 | 2 |\n| C | | 3 |"), "-");
  EXPECT_EQ(hl("| | HL | CA |\n|---|---|---|\n| A | 2 | 1 |\n| B | 1 | 2 |\n| C | 3 | 3 |"),
            "B>A>C");
  EXPECT_EQ(
      hl("| Rank | HL | CA |\n|---|---|---|\n| 1st | B | A |\n| 2nd | A | C |\n| 3rd | C | B |"),
      "B>A>C");
}

TEST(RankingReply, HostileLengthsAndNestingAreRead) {
  EXPECT_EQ(hl(std::string(200000, '[')), "-");
  EXPECT_EQ(hl("HL: " + std::string(60000, '(') + "A > B > C"), "-");
  EXPECT_EQ(hl(std::string(100000, 'x') + "\nHL: A > B > C"), "A>B>C");
}

}  // namespace
}  // namespace vigor::ranking
