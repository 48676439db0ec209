// The stages of `vigor-eval train`.
#pragma once

#include <memory>

#include "cli/command.h"

namespace vigor {

std::unique_ptr<Command> train_tokenizer_command();
std::unique_ptr<Command> train_vision_command();
std::unique_ptr<Command> train_sft_command();

}  // namespace vigor
