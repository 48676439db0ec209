#include "cli/registry.h"

namespace vigor {

std::vector<std::unique_ptr<Command>> all_commands() {
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(pope_command());
  commands.push_back(mme_command());
  commands.push_back(mmhal_command());
  commands.push_back(caption_command());
  commands.push_back(chair_command());
  commands.push_back(judge_command());
  commands.push_back(rank_command());
  commands.push_back(compare_command());
  commands.push_back(report_command());
  commands.push_back(nightly_command());
  commands.push_back(detect_command());
  commands.push_back(doctor_command());
  commands.push_back(scenes_command());
  commands.push_back(train_command());
  commands.push_back(sweep_command());
  commands.push_back(serve_command());
  return commands;
}

}  // namespace vigor
