#include "benchmarks/mme/results.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "base/files.h"
#include "benchmarks/mme/lines.h"
#include "benchmarks/mme/task.h"
#include "benchmarks/yes_no/reading.h"

namespace vigor::mme {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat =
    "a line is picture, question, label and answer between tabs, and the official script stops "
    "at any other";

ResultLine result_line(std::string_view line, const std::string& where) {
  const std::vector<std::string_view> fields = tab_fields(line);
  if (fields.size() != 4) {
    const bool blank = yes_no::trimmed(line).empty();
    throw Error({.what = blank ? "a blank line"
                               : "expected four fields between tabs, found " +
                                     std::to_string(fields.size()),
                 .where = where,
                 .cause = fields.size() > 4    ? "the answer has a tab in it"
                          : fields.size() == 3 ? "the answer is missing: these may be questions"
                          : blank              ? "the file was edited by hand"
                                               : "an answer has a line end in it",
                 .fix = kFormat});
  }
  ResultLine result{.name = std::string(fields[0]),
                    .text = std::string(fields[1]),
                    .label = yes_no::lower_ascii(fields[2]),
                    .label_text = std::string(fields[2]),
                    .answer = std::string(fields[3])};
  if (result.label != "yes" && result.label != "no") {
    throw Error({.what = "the label is '" + printable(result.label_text) + "', not Yes or No",
                 .where = where,
                 .cause = "label and answer may have changed places",
                 .fix = kFormat});
  }
  return result;
}

[[noreturn]] void no_partner(const std::string& where, const std::string& name, size_t count) {
  throw Error({.what = "picture " + printable(name) + " has " + std::to_string(count) + " line" +
                       (count == 1 ? "" : "s") + ", not two",
               .where = where,
               .cause = "MME asks two questions about each picture",
               .fix = "complete the file; dialect official pairs lines that follow each other, "
                      "whatever their names"});
}

// Numbers of pairs for each line, from 1.
std::vector<int64_t> pairs_by_name(const std::vector<ResultLine>& lines, const std::string& where) {
  std::map<std::string, std::vector<size_t>> lines_of;
  std::vector<int64_t> pairs;
  std::map<std::string, int64_t> pair_of;
  for (size_t i = 0; i < lines.size(); ++i) {
    lines_of[lines[i].name].push_back(i);
    pairs.push_back(
        pair_of.emplace(lines[i].name, static_cast<int64_t>(pair_of.size()) + 1).first->second);
  }
  for (const auto& [name, list] : lines_of) {
    if (list.size() != 2)
      no_partner(at_line(where, list[std::min<size_t>(2, list.size() - 1)] + 1), name, list.size());
  }
  return pairs;
}

std::vector<int64_t> pairs_by_position(const std::string& task,
                                       const std::vector<ResultLine>& lines,
                                       const std::string& where,
                                       std::vector<std::string>* warnings) {
  if (lines.size() % 2 != 0) {
    throw Error({.what = "the last line has no partner: " + std::to_string(lines.size()) +
                         " lines are an odd number",
                 .where = at_line(where, lines.size()),
                 .cause = "the run that made the answers was stopped, or a line was lost",
                 .fix = "complete the file: two lines that follow each other are one picture"});
  }
  std::vector<int64_t> pairs;
  size_t mixed = 0, first = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    pairs.push_back(static_cast<int64_t>(i / 2) + 1);
    if (i % 2 == 1 && lines[i].name != lines[i - 1].name && mixed++ == 0) first = i + 1;
  }
  if (mixed > 0) {
    warnings->push_back("task '" + task + "': " + std::to_string(mixed) +
                        " pairs of lines have two different pictures (the first at line " +
                        std::to_string(first) +
                        "); they count as one in acc+, as in the official script");
  }
  return pairs;
}

// An answer as one field of a line. Character for character, so that every dialect reads it alike.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

std::vector<ResultLine> parse_results(std::string_view bytes, const std::string& where) {
  std::vector<ResultLine> results;
  const std::vector<std::string_view> lines = text_lines(bytes, where);
  for (size_t i = 0; i < lines.size(); ++i) {
    results.push_back(result_line(lines[i], at_line(where, i + 1)));
  }
  if (results.empty()) {
    throw Error({.what = "no answers in the file",
                 .where = where,
                 .cause = "the file is empty",
                 .fix = "complete it, or remove it to leave the task out"});
  }
  return results;
}

Task pair_results(const std::string& task, const std::vector<ResultLine>& lines, Dialect dialect,
                  const std::string& where, std::vector<std::string>* warnings) {
  const std::vector<int64_t> pairs = dialect == Dialect::kOfficial
                                         ? pairs_by_position(task, lines, where, warnings)
                                         : pairs_by_name(lines, where);
  Task result;
  result.name = task;
  for (size_t i = 0; i < lines.size(); ++i) {
    result.questions.push_back({.key = "",
                                .image = "",
                                .name = lines[i].name,
                                .text = lines[i].text,
                                .label = lines[i].label,
                                .label_text = lines[i].label_text,
                                .pair = pairs[i],
                                .picture = {}});
  }
  return result;
}

Results read_results(const fs::path& folder, Dialect dialect) {
  if (!fs::is_directory(folder)) {
    throw Error({.what = "no such folder or file of answers",
                 .where = printable(folder.string()),
                 .fix = "give the folder with existence.txt, count.txt, ... with --answers"});
  }
  Results results;
  std::vector<std::string> answers;
  std::string missing;
  for (const TaskInfo& task : kTasks) {
    const fs::path file = folder / (std::string(task.name) + ".txt");
    if (!fs::exists(file)) {
      missing += (missing.empty() ? "" : ", ") + file.filename().string();
      continue;
    }
    const std::vector<ResultLine> lines = parse_results(read_file(file), file.string());
    results.tasks.push_back(
        pair_results(task.name, lines, dialect, file.string(), &results.warnings));
    results.files.push_back(file);
    for (const ResultLine& line : lines) answers.push_back(line.answer);
  }
  if (results.tasks.empty()) {
    throw Error({.what = "none of MME's fourteen result files is in this folder",
                 .where = printable(folder.string()),
                 .cause = "the files have other names, or are in a folder below",
                 .fix = "give the folder with existence.txt, count.txt, ... with --answers"});
  }
  if (!missing.empty()) {
    results.warnings.push_back("no " + missing + ": the official script stops there");
  }
  // Pictures are not here: a name that several of the four tasks have is one of their collection.
  finish_tasks(&results.tasks, [](const Question&, const Question&) { return true; });
  size_t next = 0;
  for (const Task& task : results.tasks) {
    for (const Question& question : task.questions) {
      results.samples.push_back({.task = task.name,
                                 .question = question,
                                 .answer = std::move(answers[next++]),
                                 .margin = std::nullopt,
                                 .finish = "",
                                 .error = ""});
    }
  }
  for (std::string& warning : size_warnings(results.tasks)) {
    results.warnings.push_back(std::move(warning));
  }
  return results;
}

int64_t write_results(FileSystem& files, const fs::path& folder, const std::vector<Task>& tasks,
                      const std::vector<SampleOutcome>& samples) {
  std::unordered_map<std::string, const SampleOutcome*> by_key;
  for (const SampleOutcome& sample : samples) by_key.emplace(sample.question.key, &sample);
  const auto answer_to = [&](const Question& question) -> const SampleOutcome* {
    const auto found = by_key.find(question.key);
    return found != by_key.end() && found->second->error.empty() ? found->second : nullptr;
  };
  files.create_directories(folder);
  int64_t left_out = 0;
  for (const Task& task : tasks) {
    std::map<int64_t, bool> whole;
    for (const Question& question : task.questions) {
      const auto [pair, is_new] = whole.emplace(question.pair, true);
      pair->second = pair->second && answer_to(question) != nullptr;
    }
    for (const auto& [pair, is_whole] : whole) left_out += !is_whole;
    std::string text;
    for (const Question& question : task.questions) {
      if (!whole.at(question.pair)) continue;
      text += question.name + '\t' + question.text + '\t' + question.label_text + '\t' +
              one_line(answer_to(question)->answer) + '\n';
    }
    write_atomic(files, folder / (task.name + ".txt"), text);
  }
  return left_out;
}

}  // namespace vigor::mme
