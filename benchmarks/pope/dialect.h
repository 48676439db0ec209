// How an answer is read as yes or no, and how the decisions are counted: the tools in the field
// differ, so each way is a named dialect that is recorded with the result. docs/dialects.md has the
// rules.
#pragma once

#include <string>
#include <string_view>

namespace vigor::pope {

enum class Dialect {
  kOfficial,  // POPE's evaluate.py, LLaVA's eval_pope.py: whatever is not a "no" is a yes
  kLmms,      // lmms-eval: exactly "yes" or "no" after trimming
  kVlmeval,   // VLMEvalKit: one of the words "yes" and "no", not both
  kStrict,    // the first word is yes or no, and is not taken back at once; else unparsed
};

enum class Decision { kYes, kNo, kNone };

// "official", "lmms", "vlmeval", "strict". parse_dialect throws Error (usage) with the nearest
// name.
const char* dialect_name(Dialect dialect);
Dialect parse_dialect(const std::string& name);

// Never kNone for kOfficial. Linear in the length; any bytes are allowed.
Decision decide(std::string_view answer, Dialect dialect);

// "yes", "no", or nullptr for kNone.
const char* decision_name(Decision decision);

}  // namespace vigor::pope
