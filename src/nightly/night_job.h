// The part of run_night() that holds the lock: evaluates, compares, gates, writes night.json.
#pragma once

#include "nightly/nightly.h"

namespace vigor::nightly {

NightlyResult evaluate_night(FileSystem& files, const Config& config,
                             const NightlyOptions& options);

}  // namespace vigor::nightly
