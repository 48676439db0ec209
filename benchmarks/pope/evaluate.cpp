#include "benchmarks/pope/evaluate.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "benchmarks/pope/score.h"
#include "run/image_path.h"

namespace vigor::pope {
namespace {

struct Row {
  const QuestionSplit* split = nullptr;
  const Question* question = nullptr;
};

// One question to ask, and every row that its answer is for.
struct Ask {
  std::string text;  // as asked, with suffix
  std::vector<Row> rows;
};

struct Work {
  std::vector<ImageRequest> requests;
  std::vector<std::vector<Ask>> asks;  // parallel to requests and their questions
  std::vector<Json> known;             // rows whose answer another row of the folder already has
  int64_t rows = 0;                    // that have to be asked
};

SampleOutcome outcome_of(const Row& row, const Answer& answer) {
  SampleOutcome outcome;
  outcome.split = row.split->name;
  outcome.question = *row.question;
  outcome.answer = answer.text;
  outcome.margin = answer.yes_margin;
  outcome.finish = answer.finish;
  outcome.error = answer.error;
  return outcome;
}

std::string asked_text(const std::string& question, const EvaluateOptions& options) {
  return options.prompt_suffix.empty() || options.ask_bare_question
             ? question
             : question + "\n" + options.prompt_suffix;
}

Work plan(const RunFolder& folder, const std::vector<QuestionSplit>& splits,
          const EvaluateOptions& options) {
  // A row that was written answers every other row with the same picture and words, so that a run
  // that stopped between two of them does not ask again.
  std::map<std::pair<std::string, std::string>, SampleOutcome> answered;
  for (const Json& sample : folder.samples()) {
    SampleOutcome outcome = sample_of_row(sample, (folder.path() / "samples.jsonl").string());
    if (outcome.error.empty()) {
      answered.emplace(std::pair(outcome.question.image, outcome.question.text),
                       std::move(outcome));
    }
  }
  Work work;
  std::unordered_map<std::string, size_t> request_of;
  std::map<std::pair<std::string, std::string>, size_t> ask_of;
  for (const QuestionSplit& split : splits) {
    for (const Question& question : split.questions) {
      if (folder.holds(sample_key(split.name, question))) continue;
      if (const auto found = answered.find({question.image, question.text});
          found != answered.end()) {
        SampleOutcome outcome = found->second;
        outcome.split = split.name;
        outcome.question = question;
        work.known.push_back(sample_row(outcome, options.dialect));
        continue;
      }
      const auto [place, is_new] = request_of.try_emplace(question.image, work.requests.size());
      if (is_new) {
        work.requests.push_back(
            {.key = question.image,
             .image = image_path(options.images, question.image, "split " + split.name),
             .questions = {}});
        work.asks.emplace_back();
      }
      ImageRequest& request = work.requests[place->second];
      std::vector<Ask>& asks = work.asks[place->second];
      const auto [ask, new_ask] = ask_of.try_emplace({question.image, question.text}, asks.size());
      if (new_ask) {
        asks.push_back({asked_text(question.text, options), {}});
        request.questions.push_back(asks.back().text);
      }
      asks[ask->second].rows.push_back({&split, &question});
      ++work.rows;
    }
  }
  return work;
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
  // The hash names the checkpoint wherever it lies.
  Json model = model_identity;
  if (const auto hash = model.find("checkpoint_hash"); hash != model.end() && hash->is_string()) {
    model.erase("checkpoint");
  }
  const GenerationOptions& generation = options.generation;
  return {{"benchmark", "pope"},
          {"dialect", dialect_name(options.dialect)},
          {"prompt", {{"suffix", options.prompt_suffix}}},
          {"questions", questions},
          {"limit_images", options.limit_images},
          {"max_new_tokens", generation.max_new_tokens},
          {"temperature", generation.temperature},
          {"seed", generation.seed},
          {"model", model},
          {"images", options.images.string()},
          {"max_failures", options.max_failures}};
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
  EvaluateResult result;
  const Work work = plan(folder, splits, options);
  if (!work.known.empty()) {
    folder.append(work.known);
    result.rows += static_cast<int64_t>(work.known.size());
  }
  int64_t total = 0;
  for (const QuestionSplit& split : splits) total += static_cast<int64_t>(split.questions.size());
  const auto held = static_cast<uint64_t>(total - work.rows);
  progress.start("pope", "questions", static_cast<uint64_t>(total), held);

  std::vector<bool> answered(work.requests.size());
  const auto write = [&](size_t request, const std::vector<Answer>& answers) {
    const std::vector<Ask>& asks = work.asks[request];
    std::vector<Json> rows;
    for (size_t i = 0; i < asks.size(); ++i) {
      Answer missing;
      missing.error = "the model gave no answer";
      const Answer& answer = i < answers.size() ? answers[i] : missing;
      for (const Row& row : asks[i].rows) {
        rows.push_back(sample_row(outcome_of(row, answer), options.dialect));
      }
    }
    // One write for a picture: a full disk or a kill loses whole pictures, not halves.
    folder.append(rows);
    answered[request] = true;
    result.rows += static_cast<int64_t>(rows.size());
    result.asked += static_cast<int64_t>(asks.size());
    progress.advance(rows.size());
  };
  GenerationOptions generation = options.generation;
  generation.samples = 1;
  if (!work.requests.empty()) {
    model.answer(
        work.requests, generation,
        [&](size_t request, std::vector<Answer>&& answers) { write(request, answers); }, stop);
  }
  progress.finish();
  const bool all = std::all_of(answered.begin(), answered.end(), [](bool done) { return done; });
  if (!all && stop.stop_requested()) {
    result.interrupted = true;
    return result;
  }
  for (size_t i = 0; i < answered.size(); ++i) {
    if (!answered[i]) write(i, {});
  }
  result.metrics = score_folder(folder, splits, options);
  return result;
}

}  // namespace vigor::pope
