#include "benchmarks/pope/evaluate.h"

#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "benchmarks/pope/score.h"
#include "run/image_path.h"

namespace vigor::pope {
namespace {

struct Asked {
  const QuestionSplit* split = nullptr;
  const Question* question = nullptr;
};

SampleOutcome outcome_of(const Asked& asked, const Answer& answer) {
  SampleOutcome outcome;
  outcome.split = asked.split->name;
  outcome.question = *asked.question;
  outcome.answer = answer.text;
  outcome.margin = answer.yes_margin;
  outcome.finish = answer.finish;
  outcome.error = answer.error;
  return outcome;
}

}  // namespace

Json run_settings(const std::vector<QuestionSplit>& splits, const EvaluateOptions& options,
                  const Json& model_identity) {
  Json questions = Json::array();
  for (const QuestionSplit& split : splits) {
    questions.push_back({{"split", split.name},
                         {"content_sha256", split.content_hash},
                         {"variant", split.variant},
                         {"rows", split.questions.size()}});
  }
  Json settings = yes_no::model_settings(options.generation, model_identity);
  settings.update({{"benchmark", "pope"},
                   {"dialect", dialect_name(options.dialect)},
                   {"prompt", {{"suffix", options.prompt_suffix}}},
                   {"questions", questions},
                   {"limit_images", options.limit_images},
                   {"images", options.images.string()},
                   {"max_failures", options.max_failures}});
  return settings;
}

std::vector<std::string> uncompared_settings() {
  return {"images", "max_failures"};
}

std::vector<QuestionSplit> limited(std::vector<QuestionSplit> splits,
                                   const EvaluateOptions& options) {
  if (options.limit_images > 0) {
    std::unordered_set<std::string> kept;
    for (const QuestionSplit& split : splits) {
      for (const Question& question : split.questions) {
        if (static_cast<int64_t>(kept.size()) < options.limit_images) kept.insert(question.image);
      }
    }
    for (QuestionSplit& split : splits) {
      std::erase_if(split.questions,
                    [&](const Question& question) { return !kept.contains(question.image); });
    }
  }
  std::unordered_set<std::string> checked;
  for (const QuestionSplit& split : splits) {
    for (const Question& question : split.questions) {
      if (!checked.insert(question.image).second) continue;
      image_path(options.images, question.image,
                 "split " + split.name + ", question " + std::to_string(question.question_id));
    }
  }
  return splits;
}

Json score_folder(const RunFolder& folder, const std::vector<QuestionSplit>& splits,
                  const EvaluateOptions& options) {
  std::unordered_map<std::string, const Json*> rows;
  for (const Json& sample : folder.samples())
    rows.emplace(sample["key"].get<std::string>(), &sample);
  const std::string where = (folder.path() / "samples.jsonl").string();
  // In the order of the question files, whatever the order in which they ended: sums of floating
  // point numbers, and so the figures, must not depend on a run having been stopped.
  std::vector<SampleOutcome> outcomes;
  ScoreOptions scoring;
  scoring.max_failures = options.max_failures;
  scoring.warnings = variant_warnings(splits);
  if (options.limit_images > 0) {
    scoring.complete = false;
    scoring.warnings.push_back("limited to the first " + std::to_string(options.limit_images) +
                               " images: not the published benchmark");
  }
  for (const QuestionSplit& split : splits) {
    scoring.splits.push_back(split.name);
    for (const Question& question : split.questions) {
      const auto found = rows.find(sample_key(split.name, question));
      if (found == rows.end()) {
        scoring.complete = false;
        continue;
      }
      outcomes.push_back(sample_of_row(*found->second, where));
    }
  }
  return score_splits(outcomes, options.dialect, scoring);
}

EvaluateResult evaluate(Lvlm& model, RunFolder& folder, const std::vector<QuestionSplit>& splits,
                        const EvaluateOptions& options, Progress& progress, std::stop_token stop) {
  std::vector<Asked> asked;
  std::vector<yes_no::Row> rows;
  std::unordered_map<std::string, std::filesystem::path> pictures;
  for (const QuestionSplit& split : splits) {
    for (const Question& question : split.questions) {
      const auto [picture, is_new] = pictures.try_emplace(question.image);
      if (is_new) {
        picture->second = image_path(options.images, question.image, "split " + split.name);
      }
      const bool bare = options.prompt_suffix.empty() || options.ask_bare_question;
      rows.push_back(
          {.key = sample_key(split.name, question),
           .image = question.image,
           .picture = picture->second,
           .question = question.text,
           .asked = bare ? question.text : question.text + "\n" + options.prompt_suffix});
      asked.push_back({&split, &question});
    }
  }
  EvaluateResult result = yes_no::ask_rows(
      model, folder, rows, options.generation,
      [&](size_t row, const Answer& answer) {
        return sample_row(outcome_of(asked[row], answer), options.dialect);
      },
      "pope", progress, stop);
  if (!result.interrupted) result.metrics = score_folder(folder, splits, options);
  return result;
}

}  // namespace vigor::pope
