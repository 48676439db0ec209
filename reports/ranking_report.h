// What a ranking run found, for people: what a judge said of several models' captions, and how far
// it can be trusted.
#pragma once

#include <string>

#include "base/json.h"

namespace vigor::reports {

// The result as a table for the terminal: one line a model, then what the judge is worth, counts
// and warnings. `metrics` is the object of metrics.json.
std::string ranking_table_text(const Json& metrics);

}  // namespace vigor::reports
