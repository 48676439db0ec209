// Opens a model by what the user wrote after --model.
#pragma once

#include <memory>

#include "lvlm/lvlm.h"
#include "lvlm/native.h"

namespace vigor {

// `options.model` is what NativeOptions takes, or "recorded:ANSWERS.jsonl" (RecordedLvlm, for which
// the other options do not count). Throws Error when it cannot be opened.
std::unique_ptr<Lvlm> open_lvlm(const NativeOptions& options);

}  // namespace vigor
