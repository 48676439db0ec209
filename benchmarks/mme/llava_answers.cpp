#include <map>
#include <unordered_map>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "benchmarks/mme/lines.h"
#include "benchmarks/mme/results.h"

namespace vigor::mme {
namespace {

namespace fs = std::filesystem;

struct Candidate {
  std::string beginning;  // of the prompt
  const Question* question = nullptr;
};

// By "TASK/NAME" without extension.
using Candidates = std::map<std::string, std::vector<Candidate>>;

// Of an id its first and last part count: "artwork/images/14777.jpg" is "artwork/14777".
std::string short_id(const std::string& id) {
  return id.substr(0, id.find('/') + 1) + fs::path(id).stem().string();
}

Candidates candidates_of(const std::vector<Task>& tasks) {
  Candidates candidates;
  for (const Task& task : tasks) {
    for (const Question& question : task.questions) {
      candidates[short_id(task.name + "/" + question.name)].push_back(
          {bare_question(question.text), &question});
    }
  }
  return candidates;
}

const Question& question_of(const Candidates& candidates, const std::string& id,
                            const std::string& prompt, const std::string& where) {
  const auto found = candidates.find(short_id(id));
  if (found == candidates.end()) {
    throw Error({.what = "no question of the dataset has the question_id " + printable(id),
                 .where = where,
                 .cause = "the answers were made with other data, or --data lacks this task",
                 .fix = "give the dataset folder with which the answers were made"});
  }
  const Candidate* best = nullptr;
  for (const Candidate& candidate : found->second) {
    // One question may be the beginning of another.
    if (prompt.starts_with(candidate.beginning) &&
        (best == nullptr || candidate.beginning.size() > best->beginning.size())) {
      best = &candidate;
    }
  }
  if (best == nullptr) {
    throw Error({.what = "the prompt is none of the questions about " + printable(id),
                 .where = where,
                 .cause = "found '" + printable(prompt.substr(0, 120)) + "'",
                 .fix = "give the dataset folder with which the answers were made"});
  }
  return *best->question;
}

}  // namespace

Results parse_llava_answers(std::string_view bytes, const fs::path& file, std::vector<Task> tasks) {
  Results results;
  results.tasks = std::move(tasks);
  results.files = {file};
  const Candidates candidates = candidates_of(results.tasks);
  std::unordered_map<std::string, SampleOutcome> by_key;
  for (const JsonRow& row : parse_json_rows(bytes, file.string())) {
    const std::string where = at_line(file.string(), row.line);
    ObjectReader reader(row.value, where);
    const auto id = reader.require<std::string>("question_id");
    const Question& question =
        question_of(candidates, id, reader.require<std::string>("prompt"), where);
    SampleOutcome sample;
    sample.question = question;
    if (const Json* text = reader.find("text"); text != nullptr && text->is_null()) {
      sample.error = "the answer file has null for this question";
    } else {
      sample.answer = reader.require<std::string>("text");
    }
    if (!by_key.emplace(question.key, std::move(sample)).second) {
      throw Error({.what = "the question is answered twice: " + printable(question.key),
                   .where = where,
                   .cause = "two runs were put into one file",
                   .fix = "keep one answer a question"});
    }
  }
  size_t questions = 0;
  for (const Task& task : results.tasks) questions += task.questions.size();
  for (const Task& task : results.tasks) {
    for (const Question& question : task.questions) {
      const auto found = by_key.find(question.key);
      if (found == by_key.end()) {
        throw Error(
            {.what = std::to_string(by_key.size()) + " answers for " + std::to_string(questions) +
                     " questions; the first without an answer is " + printable(question.key),
             .where = file.string(),
             .cause = "the run that made the answers was stopped, or left tasks out",
             .fix = "finish the answers, or give --data a folder with their tasks alone"});
      }
      results.samples.push_back(std::move(found->second));
      results.samples.back().task = task.name;
    }
  }
  return results;
}

Results read_llava_answers(const fs::path& file, std::vector<Task> tasks) {
  return parse_llava_answers(read_file(file), file, std::move(tasks));
}

}  // namespace vigor::mme
