// The prompts of ranking.txt and pairs.txt, embedded at build time: a program that is installed
// alone still has them.
#pragma once

#include <string_view>

namespace vigor::ranking::texts {

extern const std::string_view kRankingTxt;
extern const std::string_view kPairsTxt;

}  // namespace vigor::ranking::texts
