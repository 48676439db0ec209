// vigor-eval train: the stages of training, each with a JSON document of settings.
#include "cli/train.h"

#include "cli/registry.h"

namespace vigor {
namespace {

class Train : public Command {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override {
    return "Train: a tokenizer, a vision tower, or a LLaVA by supervised fine-tuning";
  }
  std::string examples() const override {
    return "  vigor-eval train sft --config configs/demo-training/sft.json\n";
  }
  void add_options(CLI::App&) override {}
  bool reads_config() const override { return true; }
  std::vector<std::unique_ptr<Command>> subcommands() const override {
    std::vector<std::unique_ptr<Command>> stages;
    stages.push_back(train_tokenizer_command());
    stages.push_back(train_vision_command());
    stages.push_back(train_sft_command());
    return stages;
  }
  ExitCode run(const CommandContext&) override {
    throw Error({.what = "a stage is missing",
                 .fix = "give one: vigor-eval train tokenizer|vision|sft --config FILE",
                 .exit_code = ExitCode::kUsage});
  }
};

}  // namespace

std::unique_ptr<Command> train_command() {
  return std::make_unique<Train>();
}

}  // namespace vigor
