// Yes/no benchmarks: what POPE and MME have in common.
//
// benchmarks/yes_no/ holds the names of the dialects, the readings of an answer that do not depend
// on the benchmark (reading.h), the scores of the yes margin (margins.h) and the runner that asks
// what a run folder does not hold yet (ask.h). docs/dialects.md has the rules.
#pragma once

#include <string>
#include <vector>

namespace vigor::yes_no {

// How an answer is read as yes or no, and how the decisions are counted: the tools in the field
// differ, so each way is a named dialect that is recorded with the result.
enum class Dialect {
  kOfficial,  // the script that the benchmark's authors published
  kLmms,      // lmms-eval
  kVlmeval,   // VLMEvalKit
  kStrict,    // the first word is yes or no, and is not taken back at once; else unparsed
};

enum class Decision { kYes, kNo, kNone };

// "official", "lmms", "vlmeval", "strict". parse_dialect throws Error (usage) with the nearest
// name.
const char* dialect_name(Dialect dialect);
Dialect parse_dialect(const std::string& name);
std::vector<std::string> dialect_names();

// "yes", "no", or nullptr for kNone.
const char* decision_name(Decision decision);

}  // namespace vigor::yes_no
