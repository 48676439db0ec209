#include "text/training_text.h"

#include "base/error.h"

namespace vigor {
namespace {

// ASCII white space, as in LLaVA's data.
std::string strip(const std::string& text) {
  const char* spaces = " \t\n\r\f\v";
  const size_t first = text.find_first_not_of(spaces);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

// Question of a later turn: what stands before it is a special token or plain text, and the first
// piece depends on that. With the special token in front and cut off again the ids are those of
// the whole conversation encoded at once.
std::vector<int> later_question_ids(const Tokenizer& tokenizer, const Conversation& conversation,
                                    std::string_view text, ImageTokenStyle style) {
  const std::string end(conversation.data().answer_after);
  const std::string eos = tokenizer.config().eos_token;
  const bool after_eos = end.ends_with(eos);
  std::vector<int> ids = prompt_ids(tokenizer, (after_eos ? eos : "") + std::string(text), style);
  size_t skip = 0;
  if (tokenizer.config().add_bos_token) ++skip;
  if (after_eos) ++skip;
  ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(skip));
  return ids;
}

std::string move_image_to_front(const std::string& value, const ConversationOptions& options) {
  std::string text = value;
  size_t at = text.find(kImageText);
  if (at == std::string::npos) return text;
  for (; at != std::string::npos; at = text.find(kImageText)) text.erase(at, kImageText.size());
  text = strip(std::string(kImageText) + "\n" + strip(text));
  const std::string inner = options.mm_use_im_start_end ? "<im_start><image><im_end>" : "<image>";
  const std::string image = options.image_tags ? "<Image>" + inner + "</Image>" : inner;
  return text.replace(0, kImageText.size(), image);
}

}  // namespace

TrainingText training_text(const Tokenizer& tokenizer, const Conversation& conversation,
                           std::span<const Turn> turns, ImageTokenStyle style) {
  TrainingText result;
  for (size_t i = 0; i < turns.size(); ++i) {
    if (!turns[i].answer.has_value()) {
      throw Error({.what = "turn " + std::to_string(i + 1) + " has no answer to learn",
                   .where = "",
                   .cause = "",
                   .fix = ""});
    }
    const std::string question = conversation.question_part(i, turns[i].question);
    const std::vector<int> before =
        i == 0 ? prompt_ids(tokenizer, question, style)
               : later_question_ids(tokenizer, conversation, question, style);
    const std::vector<int> answer =
        tokenizer.encode(conversation.answer_part(*turns[i].answer), false);
    result.ids.insert(result.ids.end(), before.begin(), before.end());
    result.ids.insert(result.ids.end(), answer.begin(), answer.end());
    result.labels.resize(result.labels.size() + before.size(), kIgnoredLabel);
    result.labels.insert(result.labels.end(), answer.begin(), answer.end());
  }
  return result;
}

std::vector<Turn> parse_conversation(const Json& list, const std::string& where,
                                     const ConversationOptions& options) {
  if (!list.is_array() || list.empty()) {
    throw Error({.what = "a conversation must be a list of {\"from\", \"value\"}, not empty",
                 .where = where,
                 .cause = "",
                 .fix = ""});
  }
  std::vector<Turn> turns;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string here = where + ", message " + std::to_string(i + 1);
    ObjectReader reader(list[i], here);
    const auto from = reader.require<std::string>("from");
    const auto value = reader.require<std::string>("value");
    const std::string expected = i % 2 == 0 ? "human" : "gpt";
    if (from != expected) {
      throw Error({.what = "message is from '" + printable(from) + "', expected '" + expected + "'",
                   .where = here,
                   .cause = "questions (\"human\") and answers (\"gpt\") must alternate",
                   .fix = ""});
    }
    if (i % 2 == 0) {
      turns.push_back({move_image_to_front(value, options), std::nullopt});
    } else if (value.find(kImageText) != std::string::npos) {
      throw Error({.what = "'<image>' in an answer",
                   .where = here,
                   .cause = "",
                   .fix = "images belong to questions; remove it"});
    } else {
      turns.back().answer = value;
    }
  }
  if (!turns.back().answer.has_value()) {
    throw Error(
        {.what = "the last question has no answer", .where = where, .cause = "", .fix = ""});
  }
  return turns;
}

}  // namespace vigor
