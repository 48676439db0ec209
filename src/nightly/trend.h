// The page over all nights: for each figure a line with its intervals, the nights' outcomes, and
// the line that the gate would not let it cross.
#pragma once

#include <string>
#include <vector>

#include "nightly/night.h"

namespace vigor::nightly {

// One self-contained page; figures that the gate has rules for come first, then headline figures.
// Oldest night left.
std::string trend_html(const std::vector<Night>& nights);

}  // namespace vigor::nightly
