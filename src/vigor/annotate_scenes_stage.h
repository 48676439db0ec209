// The stage `annotate` for captions of generated scenes, whose truth is known.
#pragma once

#include "vigor/loop_stages.h"

namespace vigor {

//   {"format": "scenes", "captions", "truth", "annotators": 0, "error_rate": 0.1, "spread": 0.5,
//    "seed": 0, "out"}
// annotators 0: the truth itself, once.
StageResult annotate_scenes_stage(FileSystem& files, const Json& config, const std::string& where,
                                  const language::English& english);

}  // namespace vigor
