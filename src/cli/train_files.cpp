// vigor-eval train annotate|reward-data|select|refine: stages of the loop that read and write files
// alone.
#include <functional>

#include "cli/registry.h"
#include "cli/text_options.h"
#include "vigor/annotate_scenes_stage.h"
#include "vigor/loop_stages.h"

namespace vigor {
namespace {

class FileStage : public Command {
 public:
  using Run = std::function<StageResult(FileSystem&, const Json&, const std::string&)>;
  FileStage(const char* name, const char* summary, Run run)
      : name_(name), summary_(summary), run_(std::move(run)) {}
  std::string name() const override { return name_; }
  std::string summary() const override { return summary_; }
  std::string examples() const override {
    return "  vigor-eval train " + name_ + " --config " + name_ + ".json --out " + name_ +
           (name_[0] == 'r' ? ".json" : ".jsonl") + "\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--out", out_, "The file to write; wins over the config's 'out'")
        ->type_name("FILE");
  }
  bool reads_config() const override { return true; }

  ExitCode run(const CommandContext& context) override {
    require_option(!context.config.empty(), "--config",
                   "the settings of this stage are a JSON file");
    Json config = read_json_file(context.config);
    if (!out_.empty() && config.is_object()) config["out"] = out_;
    const StageResult result = run_(*context.files, config, context.config.string());
    if (!result.ran) {
      context.console.note(result.out.string() + " is up to date: nothing was done again");
    }
    Json document = {{"out", result.out.string()}, {"ran", result.ran}};
    document["summary"] = result.summary;
    *context.console.out << dump_json(document, context.json ? 2 : -1) << "\n";
    return ExitCode::kDone;
  }

 protected:
  std::string name_, summary_, out_;
  Run run_;
};

// Sentences of answers that come without them are found by the data for reading English.
class Annotate : public FileStage {
 public:
  Annotate()
      : FileStage("annotate", "Judgements of sentences, of ours or of others, as one file",
                  [this](FileSystem& files, const Json& config, const std::string& where) {
                    const Json format =
                        config.is_object() ? config.value("format", Json()) : Json();
                    const bool scenes = format == Json("scenes");
                    if (!scenes && format != Json("faithscore")) {
                      return annotate_stage(files, config, where, nullptr);
                    }
                    const language::English english = language::English::read(text_.files());
                    return scenes ? annotate_scenes_stage(files, config, where, english)
                                  : annotate_stage(files, config, where, &english);
                  }) {}
  void add_options(CLI::App& app) override {
    FileStage::add_options(app);
    text_.add_to(app);
  }

 private:
  TextOptions text_;
};

}  // namespace

std::vector<std::unique_ptr<Command>> train_file_stages() {
  std::vector<std::unique_ptr<Command>> stages;
  stages.push_back(std::make_unique<Annotate>());
  stages.push_back(std::make_unique<FileStage>(
      "reward-data", "Conversations that teach a reward model to judge the last sentence",
      reward_data_stage));
  stages.push_back(std::make_unique<FileStage>(
      "select", "Rejection sampling: of each picture's captions the one with the least penalty",
      select_stage));
  stages.push_back(std::make_unique<FileStage>(
      "refine", "Remove sentences that name what is not there; write conversations for sft",
      refine_stage));
  return stages;
}

}  // namespace vigor
