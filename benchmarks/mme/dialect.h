// How MME's tools read an answer as yes or no. docs/dialects.md has the rules.
//   official  MME's calculation.py: yes or no among the first four characters
//   lmms      lmms-eval: the same after trimming and without full stops; a lone "y" or "n"
//   vlmeval   VLMEvalKit: one of the words "yes" and "no", not both
//   strict    the first word is yes or no, and is not taken back at once; else unparsed
#pragma once

#include <string_view>

#include "benchmarks/yes_no/dialect.h"

namespace vigor::mme {

using yes_no::Decision;
using yes_no::decision_name;
using yes_no::Dialect;
using yes_no::dialect_name;
using yes_no::parse_dialect;

// kNone is what the tools call "other". Linear in the length; any bytes are allowed.
Decision decide(std::string_view answer, Dialect dialect);

}  // namespace vigor::mme
