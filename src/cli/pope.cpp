// vigor-eval pope: POPE on a model, or on answers made elsewhere.
#include <array>
#include <filesystem>

#include "benchmarks/pope/answers.h"
#include "benchmarks/pope/evaluate.h"
#include "benchmarks/pope/score.h"
#include "cli/benchmark_run.h"
#include "cli/model_options.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "cli/yes_no_options.h"
#include "reports/pope_report.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class Pope : public Command {
 public:
  std::string name() const override { return "pope"; }
  std::string summary() const override {
    return "POPE: does the model say that an object is there that is not?";
  }
  std::string examples() const override {
    return "  vigor-eval pope --model llava-v1.5-7b --images val2014 --out runs/llava \\\n"
           "      --questions coco_pope_random.json coco_pope_popular.json "
           "coco_pope_adversarial.json\n"
           "  vigor-eval pope --answers answers.jsonl --questions coco_pope_*.json --out "
           "runs/theirs\n"
           "  vigor-eval pope --model recorded:runs/llava/samples.jsonl --dialect strict --images "
           "val2014 \\\n"
           "      --questions coco_pope_*.json --out runs/llava-strict    (score a run again)\n"
           "  vigor-eval pope build --objects objects.jsonl --out questions\n"
           "A run that stops goes on when the same command is given again.\n";
  }
  void add_options(CLI::App& app) override {
    model_.add_to(app);
    app.add_option("--questions", questions_,
                   "Question files; the split is what follows pope_ in the name")
        ->type_name("FILE...");
    app.add_option("--images", options_.images, "Folder of the pictures")->type_name("DIR");
    app.add_option("--answers", answers_, "Answers made elsewhere, instead of --model")
        ->type_name("FILE...");
    app.add_option("--out", out_, "Run folder: made, or gone on with")->type_name("RUN");
    yes_no_.add_to(app,
                   {.prompt_suffix = options_.prompt_suffix,
                    .max_failures = options_.max_failures,
                    .limit_images = options_.limit_images,
                    .generation = options_.generation},
                   "Follows every question on a new line", "images");
  }
  std::vector<std::unique_ptr<Command>> subcommands() const override {
    std::vector<std::unique_ptr<Command>> inner;
    inner.push_back(pope_build_command());
    return inner;
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!questions_.empty(), "--questions", "the question files of POPE");
    require_option(!out_.empty(), "--out", "the folder of the run");
    require_model_or_answers(model_.given(), !answers_.empty());
    options_.dialect = yes_no_.dialect();
    std::vector<pope::QuestionSplit> splits =
        pope::read_question_files({questions_.begin(), questions_.end()});
    for (const std::string& warning : pope::variant_warnings(splits)) context.console.warn(warning);
    return model_.given() ? run_model(context, std::move(splits)) : score_answers(context, splits);
  }

 private:
  ExitCode run_model(const CommandContext& context, std::vector<pope::QuestionSplit> splits) {
    require_option(!options_.images.empty(), "--images", "the folder of the pictures");
    if (!fs::is_directory(options_.images)) {
      throw Error(
          {.what = "no such folder of pictures",
           .where = printable(options_.images.string()),
           .fix = "give the folder that the question files' image names lie in with --images"});
    }
    splits = pope::limited(std::move(splits), options_);
    options_.ask_bare_question = inherit_recorded_prompt(model_, &options_.prompt_suffix);
    return run_on_model(
        context, model_,
        {.out = out_,
         .seed = options_.generation.seed,
         .settings =
             [&](const Json& identity) { return pope::run_settings(splits, options_, identity); },
         .uncompared = pope::uncompared_settings(),
         .record = [&](const Json& identity) { return described(context, identity); },
         .evaluate =
             [&](Lvlm& model, RunFolder& folder, Progress& progress) {
               return pope::evaluate(model, folder, splits, options_, progress, context.stop);
             },
         .finish = [&](RunFolder& folder,
                       const Json& metrics) { return finish(context, folder, metrics); }});
  }

  ExitCode score_answers(const CommandContext& context,
                         const std::vector<pope::QuestionSplit>& splits) {
    std::vector<pope::AnswerFile> files;
    Json described_files = Json::array();
    for (const std::string& path : answers_) {
      files.push_back(pope::read_answers(path));
      described_files.push_back(file_record(path));
    }
    const pope::PairedAnswers paired = pope::pair_answers(splits, files, options_.dialect);
    for (const std::string& warning : paired.warnings) context.console.warn(warning);
    const Json identity = {{"kind", "answers"},
                           {"name", fs::path(answers_.front()).stem().string()},
                           {"files", described_files}};
    Json settings = pope::run_settings(splits, options_, identity);
    for (const char* key : {"max_new_tokens", "temperature", "seed", "prompt", "limit_images"}) {
      settings.erase(key);  // unknown: the answers were made elsewhere
    }
    RunFolder folder = RunFolder::open(*context.files, out_, settings,
                                       {.uncompared = pope::uncompared_settings()});
    announce(context, folder);
    std::vector<Json> rows;
    for (const pope::SampleOutcome& sample : paired.samples) {
      Json row = pope::sample_row(sample, options_.dialect);
      if (!folder.holds(row["key"].get<std::string>())) rows.push_back(std::move(row));
    }
    folder.append(rows);
    folder.update_run(described(context, identity));
    pope::ScoreOptions scoring;
    scoring.max_failures = options_.max_failures;
    scoring.cuts = paired.cuts;
    scoring.average_order = paired.average_order;
    scoring.complete = paired.cuts.empty();
    scoring.warnings = pope::variant_warnings(splits);
    scoring.warnings.insert(scoring.warnings.end(), paired.warnings.begin(), paired.warnings.end());
    for (const pope::QuestionSplit& split : splits) scoring.splits.push_back(split.name);
    return finish(context, folder, pope::score_splits(paired.samples, options_.dialect, scoring));
  }

  Json described(const CommandContext& context, const Json& identity) const {
    Json keys = run_record(context, "pope", identity, questions_);
    keys["dialect"] = yes_no_.dialect_name();
    return keys;
  }

  ExitCode finish(const CommandContext& context, RunFolder& folder, const Json& metrics) const {
    FinishOptions finish{.max_failures = options_.max_failures,
                         .from_model = answers_.empty(),
                         .write_report = {},
                         .table = [&] { return reports::pope_table_text(metrics); }};
    if (yes_no_.report()) {
      finish.write_report = [&] {
        reports::write_pope_report(*context.files, std::array{folder.path()},
                                   {.out_dir = folder.path()});
      };
    }
    return finish_run(context, folder, metrics, finish);
  }

  ModelOptions model_;
  YesNoOptions yes_no_;
  pope::EvaluateOptions options_;
  std::vector<std::string> questions_, answers_;
  std::string out_;
};

}  // namespace

std::unique_ptr<Command> pope_command() {
  return std::make_unique<Pope>();
}

}  // namespace vigor
