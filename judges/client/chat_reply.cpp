#include "judges/client/chat_reply.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace vigor {
namespace {

constexpr size_t kLongestMessage = 300;
constexpr int64_t kMostTokens = 1'000'000'000;  // a larger count is a mistake of the server

const Json& member(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string one_line(const std::string& text) {
  return printable(kept_text(text, kLongestMessage));
}

int64_t count_of(const Json& value) {
  if (!value.is_number_integer()) return 0;
  if (value.is_number_unsigned()) {
    return static_cast<int64_t>(
        std::min<uint64_t>(value.get<uint64_t>(), static_cast<uint64_t>(kMostTokens)));
  }
  return std::clamp<int64_t>(value.get<int64_t>(), 0, kMostTokens);
}

// Content is a string, or a list of parts of which those with text count.
bool read_content(const Json& content, std::string& text) {
  if (content.is_string()) {
    text = content.get<std::string>();
    return true;
  }
  bool found = false;
  if (content.is_array()) {
    for (const Json& part : content) {
      const Json& piece = member(part, "text");
      if (!piece.is_string()) continue;
      text += piece.get<std::string>();
      found = true;
    }
  }
  return found;
}

void read_first_token(const Json& choice, std::vector<TokenLogprob>& out) {
  const Json& tokens = member(member(choice, "logprobs"), "content");
  if (!tokens.is_array() || tokens.empty()) return;
  const auto add = [&](const Json& entry) {
    const Json& token = member(entry, "token");
    const Json& logprob = member(entry, "logprob");
    if (!token.is_string() || !logprob.is_number()) return;
    const double value = logprob.get<double>();
    if (std::isfinite(value)) out.push_back({token.get<std::string>(), value});
  };
  const Json& top = member(tokens[0], "top_logprobs");
  if (top.is_array()) {
    for (const Json& entry : top) add(entry);
  }
  if (out.empty()) add(tokens[0]);
  std::stable_sort(out.begin(), out.end(), [](const TokenLogprob& a, const TokenLogprob& b) {
    return a.logprob > b.logprob;
  });
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

struct ErrorSigns {
  std::string message;
  std::string words;  // type and code, lower case
  std::string parameter;
  int status = 0;  // a code that is a number
};

ErrorSigns signs_of(const Json& error) {
  ErrorSigns signs;
  if (error.is_string()) signs.message = error.get<std::string>();
  for (const char* key : {"message", "detail"}) {
    if (signs.message.empty()) signs.message = text_of(member(error, key));
  }
  const Json& code = member(error, "code");
  if (code.is_number_integer()) signs.status = static_cast<int>(count_of(code));
  signs.words = lower(text_of(member(error, "type")) + " " + text_of(code));
  signs.parameter = text_of(member(error, "param"));
  if (signs.message.empty() && error.is_object() && !error.empty()) {
    signs.message = dump_json(error);
  }
  return signs;
}

bool contains_any(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return text.find(word) != std::string::npos; });
}

bool is_quota(const ErrorSigns& signs) {
  return contains_any(signs.words, {"insufficient_quota", "billing"});
}

// The request was read and declined for what it shows or says, by OpenAI's and Azure's names.
bool is_refusal(const ErrorSigns& signs) {
  return contains_any(signs.words, {"content_filter", "content_policy"});
}

// By the names that OpenAI, vLLM, SGLang and llama.cpp's server give them.
std::string optional_parameter(const ErrorSigns& signs) {
  const std::string text = lower(signs.parameter + " " + signs.message);
  if (contains_any(text, {"response_format", "json_schema", "json schema", "guided_json",
                          "structured output", "grammar"})) {
    return "response_format";
  }
  return contains_any(text, {"logprobs"}) ? "logprobs" : "";
}

// Of an error that came with a 200: passing unless it says that the request itself is at fault.
bool passes(const ErrorSigns& signs) {
  if (is_quota(signs)) return false;
  if (signs.status != 0) {
    return signs.status < 400 || signs.status >= 500 || signs.status == 408 ||
           signs.status == 409 || signs.status == 425 || signs.status == 429;
  }
  return !contains_any(signs.words,
                       {"invalid", "authentication", "permission", "not_found", "context_length"});
}

ReplyReading failed(std::string kind, std::string error, bool retry) {
  ReplyReading out;
  out.kind = std::move(kind);
  out.reply.error = std::move(error);
  out.retry = retry;
  return out;
}

ReplyReading refused(std::string kind, std::string error) {
  ReplyReading out = failed(std::move(kind), std::move(error), false);
  out.reply.refused = true;
  return out;
}

ReplyReading error_reply(const Json& error) {
  const ErrorSigns signs = signs_of(error);
  if (is_refusal(signs)) return refused("content filter", "refused: " + one_line(signs.message));
  return failed(is_quota(signs) ? "quota" : "error reply",
                "HTTP 200 with an error: " + one_line(signs.message), passes(signs));
}

ReplyReading read_choice(const Json& choice) {
  const Json& message = member(choice, "message");
  const Json& finish = member(choice, "finish_reason");
  if (const std::string refusal = text_of(member(message, "refusal")); !refusal.empty()) {
    return refused("refused", "refused: " + one_line(refusal));
  }
  if (finish == "content_filter") {
    return refused("content filter", "refused: the endpoint's content filter stopped the reply");
  }
  if (finish == "error") {
    return failed("error reply", "the endpoint stopped the reply with an error", true);
  }
  ReplyReading out;
  if (!read_content(member(message, "content"), out.reply.text)) {
    return failed("no text",
                  "the reply holds no text" +
                      (finish.is_string() ? " (finish_reason " + one_line(text_of(finish)) + ")"
                                          : std::string()),
                  false);
  }
  out.reply.finish = text_of(finish);
  read_first_token(choice, out.reply.first_token);
  return out;
}

}  // namespace

ReplyReading read_chat_reply(std::string_view body) {
  Json document;
  try {
    document = parse_json(body, "reply");
  } catch (const Error& error) {
    return failed("malformed", body.empty() ? "an empty body" : printable(error.parts().what),
                  true);
  }
  if (!document.is_object()) return failed("malformed", "the reply is not a JSON object", true);
  if (const Json& error = member(document, "error"); !error.is_null()) return error_reply(error);
  const Json& choices = member(document, "choices");
  if (!choices.is_array() || choices.empty()) {
    return failed("malformed", "the reply has no choices: not a chat completion", false);
  }
  const Json& choice = choices[0];
  ReplyReading out;
  if (const Json& error = member(choice, "error"); !error.is_null()) {
    out = error_reply(error);
  } else if (!member(choice, "message").is_object()) {
    return failed("malformed", "the reply's choice has no message: not a chat completion", false);
  } else {
    out = read_choice(choice);
  }
  const Json& usage = member(document, "usage");
  out.reply.usage = {.prompt_tokens = count_of(member(usage, "prompt_tokens")),
                     .completion_tokens = count_of(member(usage, "completion_tokens"))};
  if (out.reply.error.empty()) out.reply.model = text_of(member(document, "model"));
  return out;
}

ErrorBody read_error_body(std::string_view body) {
  ErrorBody out;
  try {
    const Json document = parse_json(body, "reply");
    const Json& error = member(document, "error");
    const ErrorSigns signs = signs_of(error.is_null() ? document : error);
    out.message = one_line(signs.message);
    out.quota = is_quota(signs);
    out.refused = is_refusal(signs);
    out.parameter = optional_parameter(signs);
  } catch (const Error&) {
    // A proxy's HTML or plain text.
    out.message = one_line(std::string(body.substr(0, kLongestMessage)));
  }
  return out;
}

std::string kept_text(std::string_view bytes, size_t limit) {
  const std::string quoted = dump_json(std::string(bytes.substr(0, limit)));
  return Json::parse(quoted).get<std::string>();
}

}  // namespace vigor
