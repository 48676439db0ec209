// The official result files: one TASK.txt a task, a line a question with the picture's name, the
// question, its label and the model's answer between tabs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "benchmarks/mme/dialect.h"
#include "benchmarks/mme/question.h"

namespace vigor::mme {

// What happened to one question: the scorer's input, one row of samples.jsonl.
struct SampleOutcome {
  std::string task;
  Question question;
  std::string answer;
  std::optional<double> margin;  // log p(yes) - log p(no) at the first token; models run here
  std::string finish;            // "stop", "length", or "" when unknown
  std::string error;             // not empty: the sample failed, there is no answer
};

struct Results {
  std::vector<Task> tasks;             // in the order of kTasks, questions in that of the files
  std::vector<SampleOutcome> samples;  // in the same order
  std::vector<std::filesystem::path> files;
  std::vector<std::string> warnings;
};

// One line of a result file, as the official script reads it.
struct ResultLine {
  std::string name, text, label, label_text, answer;
};
// Throws Error naming `where` and the line for what stops the official script.
std::vector<ResultLine> parse_results(std::string_view bytes, const std::string& where);

// Two lines that follow each other are a pair in dialect official; in the others lines of one name
// are. Throws Error naming the line where that leaves no pairs.
Task pair_results(const std::string& task, const std::vector<ResultLine>& lines, Dialect dialect,
                  const std::string& where, std::vector<std::string>* warnings);

// Every TASK.txt of the folder; a missing one is a warning. Throws Error when there is none.
Results read_results(const std::filesystem::path& folder, Dialect dialect);

// LLaVA's answers, JSON lines or an array of {"question_id": "TASK/NAME.png", "prompt", "text"}, to
// the questions of a dataset folder, which has the labels. A row's question is found by task, name
// and the beginning of its prompt; rows may come in any order. A null text is a failed sample.
// Throws Error naming the line of a row that answers no question or one that was answered, and for
// the first question without an answer.
Results read_llava_answers(const std::filesystem::path& file, std::vector<Task> tasks);
Results parse_llava_answers(std::string_view bytes, const std::filesystem::path& file,
                            std::vector<Task> tasks);

// Writes TASK.txt for each of the tasks, in the order of their questions, by atomic rename. Samples
// are found by key; a pair with a sample that is missing or failed is left out. Returns how many
// pairs were left out.
int64_t write_results(FileSystem& files, const std::filesystem::path& folder,
                      const std::vector<Task>& tasks, const std::vector<SampleOutcome>& samples);

}  // namespace vigor::mme
