// The stages of `vigor-eval train`, as the part of the program that computes has them.
#pragma once

#include "base/json.h"
#include "cli/command.h"

namespace vigor {

enum class TrainStage { kTokenizer, kVision, kSft };

// `config` is the stage's document (docs/format-training.md); context.config names it in messages.
ExitCode run_train_stage(TrainStage stage, const CommandContext& context, const Json& config);

}  // namespace vigor
