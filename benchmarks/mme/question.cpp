#include "benchmarks/mme/question.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "benchmarks/mme/lines.h"
#include "benchmarks/mme/task.h"
#include "benchmarks/yes_no/reading.h"
#include "run/sha256.h"

namespace vigor::mme {
namespace {

namespace fs = std::filesystem;

// The published questions (tools/eval_tool.zip of the authors' repository), by content_hash.
struct KnownTask {
  const char* name;
  const char* content_hash;
};
constexpr std::array<KnownTask, 14> kRelease{{
    {"existence", "e662fa979e7ff80fda528e2eaffd755624b091516101fc47151974b10be0db9f"},
    {"count", "4badbd60106edb291bb2c28a82a9eb292ed2b8c9792e6a41e0ecd8a4eb004f5a"},
    {"position", "3117dfbb8035f03b8df0ffe46344f7bc9cb15267b6b35111c346e5ba80aa7799"},
    {"color", "2542532350bc098b91a962583aba7e02b07f46700bde1552a9b6bbd5086883a6"},
    {"posters", "d19627d5521ed7450bb27125ac34d1d6e0ea5dd3235e9cadde539912823244ca"},
    {"celebrity", "8d02fcd87899089adb43f4c1ac44bd1eb68faa0c7ed7dc5775574b86ec802c63"},
    {"scene", "db2d71c15d27055a3fa421e0d57bf508f5902ea0c79ab048817fc20b1f5c673c"},
    {"landmark", "87075b711530281f04c04935a3af21d8ef43175cb1e077f7e5fd78f2f014f870"},
    {"artwork", "871b24a246de14e12f881302527bc28e490012e591248334e853504a708b5b43"},
    {"OCR", "ced675714b758cbf1cfdb3864f78bbf34b1bda2863972451c3819e8e77463745"},
    {"commonsense_reasoning", "4ab4917fa87ad9c0f37e08716acfa1975fb605d6e238b3620e918044b29c4c1d"},
    {"numerical_calculation", "056890e4cc3d4d5b89ea0e3cd57a2d714ca7a68e837ef1531a2488b2c85ec7a0"},
    {"text_translation", "353c37c4da3da36780cf13934818ada56c05f5dbc489aeae1e1a034026241a0a"},
    {"code_reasoning", "5e023a4e485162009156b13ce22206800e9bd73672ee744e0a639cc5508bcb38"},
}};

constexpr std::array<std::string_view, 5> kPictures{".jpg", ".jpeg", ".png", ".webp", ".bmp"};

struct TaskFolder {
  fs::path pictures, texts;
};

TaskFolder layout_of(const fs::path& folder) {
  if (fs::is_directory(folder / "images") && fs::is_directory(folder / "questions_answers_YN")) {
    return {folder / "images", folder / "questions_answers_YN"};
  }
  return {folder, folder};
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) {
      // Such as the "._x.txt" that macOS leaves in archives.
      if (!entry.path().filename().string().starts_with('.')) files.push_back(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw Error({.what = "the folder cannot be read: " + error.code().message(),
                 .where = printable(folder.string())});
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Picture files by their name without extension.
std::map<std::string, fs::path> pictures_in(const fs::path& folder) {
  std::map<std::string, fs::path> pictures;
  for (const fs::path& file : files_of(folder)) {
    const std::string extension = yes_no::lower_ascii(file.extension().string());
    if (std::find(kPictures.begin(), kPictures.end(), extension) == kPictures.end()) continue;
    const auto [it, is_new] = pictures.emplace(file.stem().string(), file);
    if (!is_new) {
      throw Error(
          {.what = "two pictures have the same name: " + printable(it->second.filename().string()) +
                   " and " + printable(file.filename().string()),
           .where = printable(folder.string()),
           .cause = "a text file belongs to the picture of its name",
           .fix = "remove one of them"});
    }
  }
  return pictures;
}

Task read_task(const std::string& name, const fs::path& folder,
               std::vector<std::string>* warnings) {
  Task task;
  task.name = name;
  const TaskFolder layout = layout_of(folder);
  const std::map<std::string, fs::path> pictures = pictures_in(layout.pictures);
  int64_t pair = 0;
  for (const fs::path& file : files_of(layout.texts)) {
    if (file.extension() != ".txt") continue;
    const auto picture = pictures.find(file.stem().string());
    const fs::path path = picture != pictures.end()
                              ? picture->second
                              : layout.pictures / (file.stem().string() + ".jpg");
    ++pair;
    for (QuestionLine& line : parse_question_file(read_file(file), file.string())) {
      task.questions.push_back({.key = "",
                                .image = "",
                                .name = path.filename().string(),
                                .text = std::move(line.text),
                                .label = std::move(line.label),
                                .label_text = std::move(line.label_text),
                                .pair = pair,
                                .picture = path});
    }
  }
  if (task.questions.empty()) {
    throw Error({.what = "no questions for the task " + name,
                 .where = printable(layout.texts.string()),
                 .cause = "the folder has no .txt files: the dataset was not unpacked whole",
                 .fix = "unpack it again, or remove the folder to leave the task out"});
  }
  const auto without = static_cast<int64_t>(pictures.size()) - pair;
  if (without > 0) {
    warnings->push_back("task '" + name + "' has " + std::to_string(without) +
                        " more pictures than files of questions");
  }
  return task;
}

std::string stem_of(const Question& question) {
  return fs::path(question.name).stem().string();
}

std::string content_hash_of(const Task& task) {
  std::vector<std::string> lines;
  for (const Question& question : task.questions) {
    lines.push_back(stem_of(question) + '\t' + question.text + '\t' + question.label + '\n');
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line;
  return sha256_hex(all);
}

bool same_picture(const Question& a, const Question& b) {
  std::error_code code;
  const auto size = fs::file_size(a.picture, code);
  if (code || fs::file_size(b.picture, code) != size || code) return false;
  return read_file(a.picture) == read_file(b.picture);
}

}  // namespace

std::vector<QuestionLine> parse_question_file(std::string_view bytes, const std::string& where) {
  std::vector<QuestionLine> questions;
  const std::vector<std::string_view> lines = text_lines(bytes, where);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (yes_no::trimmed(lines[i]).empty()) continue;
    const std::vector<std::string_view> fields = tab_fields(lines[i]);
    if (fields.size() != 2) {
      throw Error({.what = "expected a question, a tab and its answer; found " +
                           std::to_string(fields.size()) + " fields between tabs",
                   .where = at_line(where, i + 1),
                   .cause = "the file is not one of MME's, or its tabs became blanks",
                   .fix = "give the dataset as it was published"});
    }
    QuestionLine question;
    question.text = std::string(yes_no::trimmed(fields[0]));
    question.label_text = std::string(yes_no::trimmed(fields[1]));
    question.label = yes_no::lower_ascii(question.label_text);
    if (question.text.empty()) {
      throw Error({.what = "the question is empty", .where = at_line(where, i + 1)});
    }
    if (question.label != "yes" && question.label != "no") {
      throw Error({.what = "the answer is '" + printable(question.label_text) + "', not Yes or No",
                   .where = at_line(where, i + 1),
                   .fix = "give the dataset as it was published"});
    }
    questions.push_back(std::move(question));
  }
  if (questions.size() != 2) {
    throw Error({.what = "expected two questions, found " + std::to_string(questions.size()),
                 .where = where,
                 .cause = "MME asks two questions about each picture",
                 .fix = "give the dataset as it was published"});
  }
  return questions;
}

fs::path dataset_root(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(
        {.what = "no such folder",
         .where = printable(folder.string()),
         .fix = "give the folder that has MME's tasks (existence, count, ...) with --data"});
  }
  for (const char* below : {"", "MME_Benchmark", "MME_Benchmark_release_version",
                            "MME_Benchmark_release_version/MME_Benchmark", "mme"}) {
    const fs::path root = *below == '\0' ? folder : folder / below;
    for (const TaskInfo& task : kTasks) {
      if (fs::is_directory(root / task.name)) return root;
    }
  }
  throw Error({.what = "none of MME's fourteen tasks is in this folder",
               .where = printable(folder.string()),
               .cause = "it is another folder than that of the dataset",
               .fix = "give the folder that has folders named existence, count, position, ..."});
}

Dataset read_dataset(const fs::path& root) {
  Dataset dataset;
  for (const TaskInfo& task : kTasks) {
    if (fs::is_directory(root / task.name)) {
      dataset.tasks.push_back(read_task(task.name, root / task.name, &dataset.warnings));
    }
  }
  if (dataset.tasks.empty()) dataset_root(root);  // says so
  finish_tasks(&dataset.tasks, same_picture);
  for (std::string& warning : size_warnings(dataset.tasks)) {
    dataset.warnings.push_back(std::move(warning));
  }
  return dataset;
}

void finish_tasks(std::vector<Task>* tasks, bool (*same)(const Question&, const Question&)) {
  std::map<std::string, const Question*> shared;  // by name, of the first task that has it
  for (Task& task : *tasks) {
    const TaskInfo* info = find_task(task.name);
    std::map<std::string, int> questions_of;
    std::map<std::string, std::string> image_of;
    for (Question& question : task.questions) {
      const std::string stem = stem_of(question);
      question.key = task.name + "/" + stem + "/" + std::to_string(++questions_of[stem]);
      const auto [image, is_new] = image_of.emplace(question.name, task.name + "/" + question.name);
      if (is_new && info != nullptr && info->shared_pictures) {
        const auto [first, unseen] = shared.emplace(question.name, &question);
        if (!unseen && same(*first->second, question)) image->second = first->second->image;
      }
      question.image = image->second;
    }
    task.content_hash = content_hash_of(task);
    for (const KnownTask& known : kRelease) {
      if (task.name == known.name && task.content_hash == known.content_hash) {
        task.variant = "release";
      }
    }
  }
}

std::string bare_question(std::string_view text) {
  constexpr std::string_view kInstruction = "Please answer yes or no.";
  text = yes_no::trimmed(text);
  if (text.ends_with(kInstruction)) {
    text = yes_no::trimmed(text.substr(0, text.size() - kInstruction.size()));
  }
  return std::string(text);
}

std::vector<std::string> size_warnings(const std::vector<Task>& tasks) {
  std::vector<std::string> warnings;
  if (tasks.size() != kTasks.size()) return warnings;
  for (const Task& task : tasks) {
    const TaskInfo* info = find_task(task.name);
    const auto size = static_cast<int64_t>(task.questions.size());
    if (info == nullptr || size == info->published_questions) continue;
    warnings.push_back("task '" + task.name + "' has " + std::to_string(size) +
                       " questions, the published benchmark has " +
                       std::to_string(info->published_questions));
  }
  return warnings;
}

}  // namespace vigor::mme
