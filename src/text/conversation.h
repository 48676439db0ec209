// Conversation templates: how LLaVA's checkpoints expect a dialogue to be written.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vigor {

// One template as data; the text of a conversation is
//   system_before system system_after
//   { question_before QUESTION question_after [ answer_before ANSWER answer_after ] } ...
// with `between_turns` in front of every turn but the first. Facts from LLaVA's conversation.py.
struct ConversationTemplate {
  std::string_view name;
  std::string_view system_before, system, system_after;
  std::string_view question_before, question_after;
  std::string_view answer_before, answer_after;
  std::string_view between_turns;
  // llama_2: the system prompt stands inside of the first question, behind question_before.
  bool system_in_question = false;
  // Generation ends before this text; EOS ends it in every template.
  std::string_view stop;
};

struct Turn {
  std::string question;
  // Absent in the last turn when the model is to answer.
  std::optional<std::string> answer;
};

class Conversation {
 public:
  // `system` replaces the template's system prompt; an empty one leaves it out with its separator.
  // Throws Error (usage) for an unknown name, suggesting the nearest.
  explicit Conversation(std::string_view name, std::optional<std::string> system = std::nullopt);

  // The names, in the order of documentation.
  static std::vector<std::string> names();

  // The whole text. A turn in the middle without an answer is an Error.
  std::string prompt(std::span<const Turn> turns) const;
  // One question, waiting for its answer.
  std::string prompt(const std::string& question) const;

  // The text of turn `index` up to where its answer starts (system prompt with the first).
  std::string question_part(size_t index, std::string_view question) const;
  // ANSWER answer_after, without answer_before: the tokenizer's own leading space stands for it.
  std::string answer_part(std::string_view answer) const;

  const std::string& system() const { return system_; }
  std::string name() const { return std::string(template_->name); }
  std::vector<std::string> stop() const { return {std::string(template_->stop)}; }
  const ConversationTemplate& data() const { return *template_; }

 private:
  const ConversationTemplate* template_;
  std::string system_;
};

}  // namespace vigor
