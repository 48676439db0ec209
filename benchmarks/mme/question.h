// MME's questions, and the dataset folder they come from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vigor::mme {

struct Question {
  std::string key;         // of the sample: "count/000000006040/1"
  std::string image;       // "existence/000000006040.jpg": one name for all questions of a picture
  std::string name;        // of the picture or result line: "000000006040.jpg"
  std::string text;        // "Is there a train in this image? Please answer yes or no."
  std::string label;       // "yes" or "no"
  std::string label_text;  // as in the file: "Yes"
  int64_t pair = 0;        // pictures of a task, from 1: two questions have the same
  std::filesystem::path picture;  // its file; empty for answers made elsewhere
};

struct Task {
  std::string name;
  std::vector<Question> questions;
  // SHA-256 (hex) of name without extension, text and label of every question, sorted: the order of
  // a file does not count.
  std::string content_hash;
  // "release" when content_hash is that of the published questions, else "unknown".
  std::string variant = "unknown";
};

// The lines of one picture's text file; `where` is the file. Throws Error naming file and line for
// anything but two lines of question, tab, yes or no.
struct QuestionLine {
  std::string text, label, label_text;
};
std::vector<QuestionLine> parse_question_file(std::string_view bytes, const std::string& where);

// The folder with the tasks: `folder`, or one that the release or `vigor-eval scenes` puts inside.
// Throws Error when there is none.
std::filesystem::path dataset_root(const std::filesystem::path& folder);

struct Dataset {
  std::vector<Task> tasks;  // in the order of kTasks
  std::vector<std::string> warnings;
};

// Tasks that the folder (a root) has. Throws Error when it has none, when a task has no questions,
// and for what parse_question_file refuses.
Dataset read_dataset(const std::filesystem::path& root);

// The text without white space at its ends and without a final "Please answer yes or no.".
std::string bare_question(std::string_view text);

// Numbers pairs' questions into keys, gives pictures that tasks share one image (`same` decides for
// two questions with equal names in different tasks), and sets hash and variant.
void finish_tasks(std::vector<Task>* tasks, bool (*same)(const Question&, const Question&));

// Sentences about tasks that differ from the published ones; empty unless all fourteen are there.
std::vector<std::string> size_warnings(const std::vector<Task>& tasks);

}  // namespace vigor::mme
