// What the judge is asked about one answer: a template with the record's texts in it.
#pragma once

#include <filesystem>
#include <string>

#include "benchmarks/mmhal/record.h"
#include "judges/chat/chat.h"

namespace vigor::mmhal {

// A template is text with placeholders:
//   {image_contents} {question} {standard_answer} {model_answer}
// each replaced by the record's text as it stands (contents joined by ", "), or with _json behind
// its name ({question_json}) by that text as a JSON string, which no text can leave. A template
// whose placeholders are four {} takes the four in this order, and {{ and }} are braces: the form
// of the published prompt.
class JudgePrompt {
 public:
  // Ours: judges/templates/mmhal.txt.
  JudgePrompt();
  // Throws Error when a placeholder is unknown, when the question or the model's answer is missing,
  // or when the file cannot be read.
  static JudgePrompt read(const std::filesystem::path& path);
  static JudgePrompt parse(std::string text, std::string name);

  // {"name", "sha256"}: what a result records.
  Json identity() const;
  std::string text_for(const Record& record) const;
  // One user message. `schema` asks for {"explanation", "rating"} from endpoints that offer
  // schemas.
  ChatRequest request(const Record& record, int repeat, int max_tokens, bool schema) const;
  // True for ours, which allows a reply in the schema.
  bool is_default() const { return default_; }

 private:
  // Takes the text as it is, unchecked.
  JudgePrompt(std::string text, std::string name);

  std::string name_;
  std::string text_;
  bool positional_ = false;
  bool default_ = false;
};

}  // namespace vigor::mmhal
