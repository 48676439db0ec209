// vigor-eval train: the stages of training, each with a JSON document of settings.
#include "cli/train.h"

#include <filesystem>

#include "cli/config_merge.h"
#include "cli/loop_command.h"
#include "cli/registry.h"

namespace vigor {
namespace {

// A command whose settings are one JSON document, given with --config.
class Stage : public Command {
 public:
  Stage(TrainStage stage, const char* name, const char* summary)
      : stage_(stage), name_(name), summary_(summary) {}
  std::string name() const override { return name_; }
  std::string summary() const override { return summary_; }
  std::string examples() const override {
    return "  vigor-eval train " + name_ + " --config configs/demo-training/" + name_ +
           ".json\n"
           "Keys of the config (train.seed is 'seed' in the object 'train'), their types and "
           "defaults; docs/training-keys.md says more:\n" +
           training_keys_help(stage_);
  }
  void add_options(CLI::App& app) override {
    app.add_option("--out", out_, "Folder of the result; wins over the config's 'out'")
        ->type_name("DIR");
  }
  bool reads_config() const override { return true; }
  ExitCode run(const CommandContext& context) override {
    require_option(!context.config.empty(), "--config",
                   "the settings of this stage are a JSON file");
    Json config = read_config(context.config);
    if (!out_.empty() && config.is_object()) config["out"] = out_;
    check_training_keys(stage_, config, printable(context.config.string()));
    return run_train_stage(stage_, context, config);
  }

 private:
  TrainStage stage_;
  std::string name_, summary_, out_;
};

class Train : public Command {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override {
    return "Train: a tokenizer, a vision tower, a LLaVA, a detector; and the stages of the ViGoR "
           "loop";
  }
  std::string examples() const override {
    return "  vigor-eval train sft --config configs/demo-training/sft.json\n"
           "  vigor-eval train configs/sweeps/demo.json --variant All --out runs/loop   (the whole "
           "loop)\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("CONFIG", file_, "The whole loop, as train loop --config")
        ->type_name("FILE.json");
    loop_.add_to(app);
  }
  bool reads_config() const override { return true; }
  std::vector<std::unique_ptr<Command>> subcommands() const override {
    std::vector<std::unique_ptr<Command>> stages;
    const auto add = [&](TrainStage stage, const char* name, const char* summary) {
      stages.push_back(std::make_unique<Stage>(stage, name, summary));
    };
    add(TrainStage::kTokenizer, "tokenizer",
        "Make a LLaMA tokenizer (sentencepiece BPE) from LLaVA conversation JSON");
    add(TrainStage::kVision, "vision",
        "Pretrain a CLIP vision tower from nothing on generated scenes");
    add(TrainStage::kSft, "sft",
        "Supervised fine-tuning on LLaVA conversation JSON; resumes where it stopped");
    stages.push_back(train_sample_command());
    add(TrainStage::kDetector, "detector",
        "Train Grounding DINO on generated scenes, from nothing or from a checkpoint");
    for (auto& stage : train_file_stages()) stages.push_back(std::move(stage));
    stages.push_back(train_score_command());
    stages.push_back(train_judge_check_command());
    stages.push_back(train_loop_command());
    return stages;
  }
  ExitCode run(const CommandContext& context) override {
    if (!file_.empty() && std::filesystem::is_regular_file(file_)) {
      return run_loop(context, file_, false, loop_);
    }
    std::vector<std::string> names;
    for (const auto& stage : subcommands()) names.push_back(stage->name());
    const std::string nearest = file_.empty() ? "" : nearest_name(file_, names);
    throw Error(
        {.what = file_.empty() ? "a stage is missing"
                               : "'" + printable(file_) + "' is neither a stage nor a file",
         .fix = nearest.empty()
                    ? "give one: vigor-eval train sft|sample|score|select|refine|... --config "
                      "FILE, or the file of a whole loop"
                    : "did you mean " + nearest + "?",
         .exit_code = ExitCode::kUsage});
  }

 private:
  std::string file_;
  LoopArguments loop_;
};

}  // namespace

std::unique_ptr<Command> train_command() {
  return std::make_unique<Train>();
}

}  // namespace vigor
