// The stages of `vigor-eval train`, as the part of the program that computes has them.
#pragma once

#include "base/json.h"
#include "cli/command.h"
#include "cli/training_keys.h"

namespace vigor {

// `config` is the stage's document, whose keys are known and of the right types
// (docs/training-keys.md); context.config names it in messages.
ExitCode run_train_stage(TrainStage stage, const CommandContext& context, const Json& config);

}  // namespace vigor
