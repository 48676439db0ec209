#include "benchmarks/mme/evaluate.h"

#include <unordered_map>

#include "benchmarks/mme/score.h"

namespace vigor::mme {
namespace {

struct Asked {
  const Task* task = nullptr;
  const Question* question = nullptr;
};

SampleOutcome outcome_of(const Asked& asked, const Answer& answer) {
  return {.task = asked.task->name,
          .question = *asked.question,
          .answer = answer.text,
          .margin = answer.yes_margin,
          .finish = answer.finish,
          .error = answer.error};
}

Json score_folder(const RunFolder& folder, const std::vector<Task>& tasks,
                  const EvaluateOptions& options) {
  const std::vector<SampleOutcome> samples = folder_samples(folder, tasks);
  ScoreOptions scoring;
  scoring.max_failures = options.max_failures;
  scoring.warnings = options.warnings;
  if (options.limit_images > 0) {
    scoring.complete = false;
    scoring.warnings.push_back("limited to the first " + std::to_string(options.limit_images) +
                               " pictures of each task: not the published benchmark");
  }
  size_t questions = 0;
  for (const Task& task : tasks) questions += task.questions.size();
  if (samples.size() < questions) scoring.complete = false;
  return score_tasks(samples, options.dialect, scoring);
}

}  // namespace

Json run_settings(const std::vector<Task>& tasks, const EvaluateOptions& options,
                  const Json& model_identity) {
  Json questions = Json::array();
  for (const Task& task : tasks) {
    questions.push_back({{"name", task.name},
                         {"content_sha256", task.content_hash},
                         {"variant", task.variant},
                         {"rows", task.questions.size()}});
  }
  Json settings = yes_no::model_settings(options.generation, model_identity);
  settings.update({{"benchmark", "mme"},
                   {"dialect", dialect_name(options.dialect)},
                   {"prompt", {{"suffix", options.prompt_suffix}}},
                   {"questions", questions},
                   {"limit_images", options.limit_images},
                   {"images", options.data.string()},
                   {"max_failures", options.max_failures}});
  return settings;
}

std::vector<std::string> uncompared_settings() {
  return {"images", "max_failures"};
}

std::vector<Task> limited(std::vector<Task> tasks, const EvaluateOptions& options) {
  if (options.limit_images == 0) return tasks;
  for (Task& task : tasks) {
    std::erase_if(task.questions,
                  [&](const Question& question) { return question.pair > options.limit_images; });
  }
  return tasks;
}

std::string asked_text(const std::string& question, const EvaluateOptions& options) {
  if (options.prompt_suffix.empty() || options.ask_bare_question) return question;
  return bare_question(question) + "\n" + options.prompt_suffix;
}

std::vector<SampleOutcome> folder_samples(const RunFolder& folder, const std::vector<Task>& tasks) {
  std::unordered_map<std::string, const Json*> rows;
  for (const Json& sample : folder.samples()) {
    rows.emplace(sample["key"].get<std::string>(), &sample);
  }
  const std::string where = (folder.path() / "samples.jsonl").string();
  // In the order of the tasks, whatever the order in which they ended: sums of floating point
  // numbers, and so the figures, must not depend on a run having been stopped.
  std::vector<SampleOutcome> samples;
  for (const Task& task : tasks) {
    for (const Question& question : task.questions) {
      const auto found = rows.find(question.key);
      if (found != rows.end()) samples.push_back(sample_of_row(*found->second, where));
    }
  }
  return samples;
}

EvaluateResult evaluate(Lvlm& model, RunFolder& folder, const std::vector<Task>& tasks,
                        const EvaluateOptions& options, Progress& progress, std::stop_token stop) {
  std::vector<Asked> asked;
  std::vector<yes_no::Row> rows;
  for (const Task& task : tasks) {
    for (const Question& question : task.questions) {
      asked.push_back({&task, &question});
      rows.push_back({.key = question.key,
                      .image = question.image,
                      .picture = question.picture,
                      .question = question.text,
                      .asked = asked_text(question.text, options)});
    }
  }
  EvaluateResult result = yes_no::ask_rows(
      model, folder, rows, options.generation,
      [&](size_t row, const Answer& answer) {
        return sample_row(outcome_of(asked[row], answer), options.dialect);
      },
      "mme", progress, stop);
  if (!result.interrupted) result.metrics = score_folder(folder, tasks, options);
  return result;
}

}  // namespace vigor::mme
