// What a sweep's variants changed, drawn.
#pragma once

#include <string>

#include "reports/sweep_report.h"

namespace vigor::reports {

// The differences to the first variant in each benchmark's chief figures as forests, one a unit, as
// markup; "" when nothing was compared. A triangle is a difference that is beyond chance after
// Holm's correction over its table.
std::string sweep_forests(const SweepReport& report);

}  // namespace vigor::reports
