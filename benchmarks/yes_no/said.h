// What a model said to one question, as a row of samples.jsonl keeps it.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "benchmarks/yes_no/dialect.h"

namespace vigor::yes_no {

struct Said {
  std::string answer;
  std::optional<double> margin;  // log p(yes) - log p(no) at the first token; models run here
  std::string finish;            // "stop", "length", or "" when unknown
  std::string error;             // not empty: the sample failed, there is no answer
};

// Sets in `row`: "answer", "margin", "finish", "error", "status" ("scored", "unparsed", "failed"),
// "decision" and "correct".
void put_said(const Said& said, Decision decision, bool label_yes, Json* row);

// The same back from a row. Throws Error naming the key.
Said read_said(ObjectReader& row);

}  // namespace vigor::yes_no
