// vigor-eval mme: MME on a model, or on answers made elsewhere.
#include <filesystem>

#include "benchmarks/mme/evaluate.h"
#include "benchmarks/mme/results.h"
#include "benchmarks/mme/score.h"
#include "cli/benchmark_run.h"
#include "cli/model_options.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "cli/yes_no_options.h"
#include "reports/mme_report.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class Mme : public Command {
 public:
  std::string name() const override { return "mme"; }
  std::string summary() const override {
    return "MME: two yes/no questions a picture, perception and cognition in fourteen tasks";
  }
  std::string examples() const override {
    return "  vigor-eval mme --model llava-v1.5-7b --data MME_Benchmark_release_version --out "
           "runs/llava-mme\n"
           "  vigor-eval mme --answers eval_tool/answers/llava-v1.5-13b --out runs/theirs\n"
           "  vigor-eval mme --answers answers/llava-v1.5-13b.jsonl --data MME_Benchmark --out "
           "runs/theirs\n"
           "  vigor-eval mme --model llava-v1.5-7b --data MME_Benchmark --out runs/llava-mme \\\n"
           "      --prompt-suffix \"Answer the question using a single word or phrase.\" "
           "--write-answers answers/llava\n"
           "  vigor-eval mme --model recorded:runs/llava-mme/samples.jsonl --data MME_Benchmark "
           "\\\n"
           "      --dialect strict --out runs/llava-mme-strict    (score a run again)\n"
           "A run that stops goes on when the same command is given again.\n";
  }
  void add_options(CLI::App& app) override {
    model_.add_to(app);
    app.add_option("--data", options_.data,
                   "Dataset folder: a folder a task, with pictures and their questions; with a "
                   "folder of --answers only for the report's pictures")
        ->type_name("DIR");
    app.add_option("--answers", answers_,
                   "Answers made elsewhere, instead of --model: a folder of TASK.txt (the official "
                   "result format), or LLaVA's JSON lines with --data for the labels")
        ->type_name("DIR|FILE");
    app.add_option("--out", out_, "Run folder: made, or gone on with")->type_name("RUN");
    app.add_option("--write-answers", write_answers_,
                   "Also write the answers in the official result format, for calculation.py")
        ->type_name("DIR");
    yes_no_.add_to(app,
                   {.prompt_suffix = options_.prompt_suffix,
                    .max_failures = options_.max_failures,
                    .limit_images = options_.limit_images,
                    .generation = options_.generation},
                   "On a new line, in place of \"Please answer yes or no.\"",
                   "pictures of each task");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!out_.empty(), "--out", "the folder of the run");
    require_model_or_answers(model_.given(), !answers_.empty());
    options_.dialect = yes_no_.dialect();
    return model_.given() ? run_model(context) : score_answers(context);
  }

 private:
  ExitCode run_model(const CommandContext& context) {
    require_option(!options_.data.empty(), "--data", "the folder of MME's tasks");
    options_.data = mme::dataset_root(options_.data);
    mme::Dataset dataset = mme::read_dataset(options_.data);
    options_.warnings = std::move(dataset.warnings);
    for (const std::string& warning : options_.warnings) context.console.warn(warning);
    const std::vector<mme::Task> tasks = mme::limited(std::move(dataset.tasks), options_);
    options_.ask_bare_question = inherit_recorded_prompt(model_, &options_.prompt_suffix);
    return run_on_model(
        context, model_,
        {.out = out_,
         .seed = options_.generation.seed,
         .settings =
             [&](const Json& identity) { return mme::run_settings(tasks, options_, identity); },
         .uncompared = mme::uncompared_settings(),
         .record = [&](const Json& identity) { return described(context, identity, tasks, {}); },
         .evaluate =
             [&](Lvlm& model, RunFolder& folder, Progress& progress) {
               return mme::evaluate(model, folder, tasks, options_, progress, context.stop);
             },
         .finish = [&](RunFolder& folder,
                       const Json& metrics) { return finish(context, folder, metrics, tasks); }});
  }

  mme::Results read_answers() {
    if (!options_.data.empty()) options_.data = mme::dataset_root(options_.data);
    if (fs::is_directory(answers_) || !fs::exists(answers_))
      return mme::read_results(answers_, options_.dialect);
    require_option(!options_.data.empty(), "--data",
                   "--answers names a file, and its labels are in the folder of MME's tasks");
    mme::Dataset dataset = mme::read_dataset(options_.data);
    mme::Results results = mme::read_llava_answers(answers_, std::move(dataset.tasks));
    results.warnings = std::move(dataset.warnings);
    return results;
  }

  ExitCode score_answers(const CommandContext& context) {
    const mme::Results results = read_answers();
    for (const std::string& warning : results.warnings) context.console.warn(warning);
    std::vector<std::string> files;
    Json described_files = Json::array();
    for (const fs::path& path : results.files) {
      files.push_back(path.string());
      described_files.push_back(file_record(path.string()));
    }
    const Json identity = {{"kind", "answers"},
                           {"name", fs::path(answers_).lexically_normal().stem().string()},
                           {"files", described_files}};
    Json settings = mme::run_settings(results.tasks, options_, identity);
    for (const char* key : {"max_new_tokens", "temperature", "seed", "prompt", "limit_images"}) {
      settings.erase(key);  // unknown: the answers were made elsewhere
    }
    RunFolder folder =
        RunFolder::open(*context.files, out_, settings, {.uncompared = mme::uncompared_settings()});
    announce(context, folder);
    std::vector<Json> rows;
    for (const mme::SampleOutcome& sample : results.samples) {
      if (folder.holds(sample.question.key)) continue;
      rows.push_back(mme::sample_row(sample, options_.dialect));
    }
    folder.append(rows);
    folder.update_run(described(context, identity, results.tasks, files));
    mme::ScoreOptions scoring;
    scoring.max_failures = options_.max_failures;
    scoring.warnings = results.warnings;
    return finish(context, folder, mme::score_tasks(results.samples, options_.dialect, scoring),
                  results.tasks);
  }

  // A dataset folder has thousands of files: its tasks stand for them, with the hash of their
  // questions.
  Json described(const CommandContext& context, const Json& identity,
                 const std::vector<mme::Task>& tasks, const std::vector<std::string>& files) const {
    Json keys = run_record(context, "mme", identity, files);
    if (files.empty()) {
      for (const mme::Task& task : tasks) {
        keys["dataset"].push_back({{"name", task.name}, {"sha256", task.content_hash}});
      }
    }
    keys["dialect"] = yes_no_.dialect_name();
    return keys;
  }

  ExitCode finish(const CommandContext& context, RunFolder& folder, const Json& metrics,
                  const std::vector<mme::Task>& tasks) const {
    FinishOptions finish{.max_failures = options_.max_failures,
                         .from_model = answers_.empty(),
                         .write_report = {},
                         .table = [&] { return reports::mme_table_text(metrics); }};
    if (yes_no_.report()) {
      finish.write_report = [&] {
        reports::write_mme_report(*context.files, folder.path(), {.out_dir = folder.path()});
      };
    }
    const ExitCode code = finish_run(context, folder, metrics, finish);
    if (!write_answers_.empty()) {
      const int64_t left_out = mme::write_results(*context.files, write_answers_, tasks,
                                                  mme::folder_samples(folder, tasks));
      if (left_out > 0) {
        context.console.warn(std::to_string(left_out) +
                             (left_out == 1 ? " picture with a failed sample is"
                                            : " pictures with failed samples are") +
                             " not in " + write_answers_ +
                             ": its format cannot say that an answer is missing");
      }
    }
    return code;
  }

  ModelOptions model_;
  YesNoOptions yes_no_;
  mme::EvaluateOptions options_;
  std::string answers_, out_, write_answers_;
};

}  // namespace

std::unique_ptr<Command> mme_command() {
  return std::make_unique<Mme>();
}

}  // namespace vigor
