#include "text/conversation.h"

#include <array>

#include "base/error.h"

namespace vigor {
namespace {

constexpr std::string_view kSystemUser =
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the user's questions.";
constexpr std::string_view kSystemHuman =
    "A chat between a curious human and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the human's questions.";
// The missing space behind "language." is the original's.
constexpr std::string_view kSystemTagged =
    "A chat between a curious user and an artificial intelligence assistant. The assistant is able "
    "to understand the visual content that the user provides, and assist the user with a variety "
    "of tasks using natural language.The visual content will be provided with the following "
    "format: <Image>visual content</Image>.";
constexpr std::string_view kSystemVision =
    "You are a helpful language and vision assistant. You are able to understand the visual "
    "content that the user provides, and assist the user with a variety of tasks using natural "
    "language.";
constexpr std::string_view kSystemMpt =
    "A conversation between a user and an LLM-based AI assistant. The assistant gives helpful and "
    "honest answers.";

constexpr ConversationTemplate two_separators(std::string_view name, std::string_view system) {
  return {.name = name,
          .system_before = "",
          .system = system,
          .system_after = " ",
          .question_before = "USER: ",
          .question_after = " ASSISTANT:",
          .answer_before = " ",
          .answer_after = "</s>",
          .between_turns = "",
          .stop = "</s>"};
}

constexpr ConversationTemplate one_separator(std::string_view name, std::string_view system) {
  return {.name = name,
          .system_before = "",
          .system = system,
          .system_after = "###",
          .question_before = "Human: ",
          .question_after = "###Assistant:",
          .answer_before = " ",
          .answer_after = "###",
          .between_turns = "",
          .stop = "###"};
}

constexpr std::array<ConversationTemplate, 8> kTemplates = {{
    two_separators("vicuna_v1", kSystemUser),
    two_separators("llava_v1", kSystemHuman),
    one_separator("llava_v0", kSystemHuman),
    one_separator("v0_mmtag", kSystemTagged),
    two_separators("v1_mmtag", kSystemTagged),
    {.name = "plain",
     .system_before = "",
     .system = "",
     .system_after = "",
     .question_before = "",
     .question_after = "\n",
     .answer_before = "",
     .answer_after = "\n",
     .between_turns = "",
     .stop = "\n"},
    {.name = "llava_llama_2",
     .system_before = "<<SYS>>\n",
     .system = kSystemVision,
     .system_after = "\n<</SYS>>\n\n",
     .question_before = "[INST] ",
     .question_after = " [/INST]",
     .answer_before = " ",
     .answer_after = " </s>",
     .between_turns = "<s>",
     .system_in_question = true,
     .stop = "</s>"},
    {.name = "mpt",
     .system_before = "<|im_start|>system\n",
     .system = kSystemMpt,
     .system_after = "<|im_end|>",
     .question_before = "<|im_start|>user\n",
     .question_after = "<|im_end|><|im_start|>assistant\n",
     .answer_before = "",
     .answer_after = "<|im_end|>",
     .between_turns = "",
     .stop = "<|im_end|>"},
}};

}  // namespace

Conversation::Conversation(std::string_view name, std::optional<std::string> system)
    : template_(nullptr) {
  for (const ConversationTemplate& candidate : kTemplates) {
    if (candidate.name == name) template_ = &candidate;
  }
  if (template_ == nullptr) {
    std::string known;
    for (const std::string& each : names()) known += (known.empty() ? "" : ", ") + each;
    const std::string nearest = nearest_name(name, names());
    throw Error(
        {.what = "unknown conversation template '" + printable(name) + "'",
         .where = "",
         .cause = "",
         .fix = nearest.empty() ? "use one of: " + known : "did you mean '" + nearest + "'?",
         .exit_code = ExitCode::kUsage});
  }
  system_ = system.has_value() ? std::move(*system) : std::string(template_->system);
}

std::vector<std::string> Conversation::names() {
  std::vector<std::string> names;
  for (const ConversationTemplate& each : kTemplates) names.emplace_back(each.name);
  return names;
}

std::string Conversation::question_part(size_t index, std::string_view question) const {
  const ConversationTemplate& t = *template_;
  std::string system;
  if (index == 0 && !system_.empty()) {
    system.append(t.system_before).append(system_).append(t.system_after);
  }
  std::string text;
  if (index > 0) text += t.between_turns;
  if (!t.system_in_question) text += system;
  text += t.question_before;
  if (t.system_in_question) text += system;
  return text.append(question).append(t.question_after);
}

std::string Conversation::answer_part(std::string_view answer) const {
  return std::string(answer).append(template_->answer_after);
}

std::string Conversation::prompt(std::span<const Turn> turns) const {
  std::string text;
  for (size_t i = 0; i < turns.size(); ++i) {
    text += question_part(i, turns[i].question);
    if (turns[i].answer.has_value()) {
      text.append(template_->answer_before).append(answer_part(*turns[i].answer));
    } else if (i + 1 < turns.size()) {
      throw Error({.what = "turn " + std::to_string(i + 1) + " of a conversation has no answer",
                   .where = "",
                   .cause = "only the last turn may wait for its answer",
                   .fix = ""});
    }
  }
  return text;
}

std::string Conversation::prompt(const std::string& question) const {
  return question_part(0, question);
}

}  // namespace vigor
