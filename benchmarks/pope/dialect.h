// How POPE's tools read an answer as yes or no. docs/dialects.md has the rules.
//   official  POPE's evaluate.py, LLaVA's eval_pope.py: whatever is not a "no" is a yes
//   lmms      lmms-eval: exactly "yes" or "no" after trimming
//   vlmeval   VLMEvalKit: one of the words "yes" and "no", not both
//   strict    the first word is yes or no, and is not taken back at once; else unparsed
#pragma once

#include <string_view>

#include "benchmarks/yes_no/dialect.h"

namespace vigor::pope {

using yes_no::Decision;
using yes_no::decision_name;
using yes_no::Dialect;
using yes_no::dialect_name;
using yes_no::parse_dialect;

// Never kNone for kOfficial. Linear in the length; any bytes are allowed.
Decision decide(std::string_view answer, Dialect dialect);

}  // namespace vigor::pope
