// Every command of the program.
#pragma once

#include <memory>
#include <vector>

#include "cli/command.h"

namespace vigor {

std::vector<std::unique_ptr<Command>> all_commands();

// One a file; each is one line in registry.cpp.
std::unique_ptr<Command> caption_command();
std::unique_ptr<Command> chair_command();
std::unique_ptr<Command> compare_command();
std::unique_ptr<Command> detect_command();
std::unique_ptr<Command> doctor_command();
std::unique_ptr<Command> nightly_command();
std::unique_ptr<Command> judge_command();
std::unique_ptr<Command> scenes_command();
std::unique_ptr<Command> mme_command();
std::unique_ptr<Command> mmhal_command();
std::unique_ptr<Command> pope_command();
std::unique_ptr<Command> pope_build_command();  // a subcommand of pope
std::unique_ptr<Command> serve_command();
std::unique_ptr<Command> rank_command();
std::unique_ptr<Command> report_command();
std::unique_ptr<Command> sweep_command();
std::unique_ptr<Command> train_command();
// Stages of the loop that need no model: subcommands of train.
std::vector<std::unique_ptr<Command>> train_file_stages();
std::unique_ptr<Command> train_sample_command();  // subcommands of train
std::unique_ptr<Command> train_score_command();
std::unique_ptr<Command> train_judge_check_command();
std::unique_ptr<Command> train_loop_command();

}  // namespace vigor
