// How far a judge can be trusted: does it agree with itself, does the order decide, does it obey
// captions.
#pragma once

#include <vector>

#include "base/json.h"
#include "benchmarks/captions/judged.h"

namespace vigor::captions {

// Adds to metrics.json "orders" (Kendall's W and reversed pairs between the orders of an image),
// "repeats" (the same between a call and its repeat), "places" (mean rank by place in the prompt)
// and "canaries", each null when nothing was asked for it, and warnings for what is bad. `calls`
// are sorted as read_judged() does.
void add_trust(Json& metrics, const std::vector<Judged>& calls, size_t candidates);

}  // namespace vigor::captions
