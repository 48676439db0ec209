#include "benchmarks/pope/answers.h"

#include "base/files.h"

namespace vigor::pope {
namespace {

std::optional<std::string> optional_text(ObjectReader& reader, const std::string& key) {
  const Json* value = reader.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return reader.require<std::string>(key);
}

AnswerRow answer_of(const JsonRow& row, const std::filesystem::path& file) {
  const std::string where = at_line(file, row.line);
  ObjectReader reader(row.value, where);
  AnswerRow answer;
  answer.line = row.line;
  if (const Json* id = reader.find("question_id"); id != nullptr && !id->is_null()) {
    answer.id = reader.require<int64_t>("question_id");
  }
  answer.image = optional_text(reader, "image").value_or("");
  const bool has_answer = reader.has("answer");
  if (has_answer && reader.has("key") && reader.has("split")) {
    throw Error({.what = "this is samples.jsonl of a run of ours",
                 .where = where,
                 .cause = "its rows hold the answers of all splits, whose ids repeat",
                 .fix = "score it again with --model recorded:" + printable(file.string()) +
                        " in place of --answers"});
  }
  if (!has_answer && (!reader.has("text") || reader.has("label"))) {
    const bool question = reader.has("label");
    throw Error(
        {.what = question ? "this is a question, not an answer" : "no answer in this row",
         .where = where,
         .cause =
             question ? "a question file was given as answers" : "the file is of another format",
         .fix = "give {\"question\", \"answer\"} or {\"question_id\", \"prompt\", \"text\"}"});
  }
  const std::string key = has_answer ? "answer" : "text";
  const std::optional<std::string> text = optional_text(reader, key);
  answer.missing = !text.has_value();
  answer.text = text.value_or("");
  for (const char* prompt : {"prompt", "question", "text"}) {
    if (answer.prompt.empty() && key != prompt) {
      answer.prompt = optional_text(reader, prompt).value_or("");
    }
  }
  return answer;
}

}  // namespace

std::string at_line(const std::filesystem::path& path, size_t line) {
  return path.string() + ":" + std::to_string(line);
}

AnswerFile parse_answers(std::string_view bytes, const std::filesystem::path& file) {
  AnswerFile answers{.path = file, .rows = {}};
  for (const JsonRow& row : parse_json_rows(bytes, file.string())) {
    answers.rows.push_back(answer_of(row, file));
  }
  if (answers.rows.empty()) {
    throw Error({.what = "the file holds no answers",
                 .where = file.string(),
                 .cause = "the run that made it was stopped before its first answer",
                 .fix = "give a file with one answer a question"});
  }
  return answers;
}

AnswerFile read_answers(const std::filesystem::path& path) {
  return parse_answers(read_file(path), path);
}

}  // namespace vigor::pope
