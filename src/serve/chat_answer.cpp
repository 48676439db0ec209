#include "serve/chat_answer.h"

namespace vigor::serve {
namespace {

Json frame_body(const ReplyFrame& frame, const char* object) {
  return {{"id", frame.id},
          {"object", object},
          {"created", frame.created},
          {"model", frame.model},
          {"system_fingerprint", frame.fingerprint}};
}

Json usage_body(std::span<const Answer> answers) {
  int64_t completion = 0;
  for (const Answer& answer : answers) completion += answer.tokens;
  const int64_t prompt = answers.empty() ? 0 : answers[0].prompt_tokens;
  return {{"prompt_tokens", prompt},
          {"completion_tokens", completion},
          {"total_tokens", prompt + completion}};
}

Json token_body(const LikelyToken& token) {
  Json bytes = Json::array();
  for (const char byte : token.token) bytes.push_back(static_cast<unsigned char>(byte));
  return {{"token", token.token}, {"logprob", token.logprob}, {"bytes", std::move(bytes)}};
}

}  // namespace

void check_answers(std::span<const Answer> answers) {
  for (const Answer& answer : answers) {
    if (answer.error.empty()) continue;
    if (answer.request_at_fault) throw bad_request(answer.error);
    throw ApiError(500, "server_error", answer.error);
  }
}

Json logprobs_body(const ChatQuestion& question, const Answer& answer) {
  if (!question.logprobs || !answer.first.has_value()) return nullptr;
  Json entry = token_body(*answer.first);
  entry["top_logprobs"] = Json::array();
  for (const LikelyToken& token : answer.likely) entry["top_logprobs"].push_back(token_body(token));
  return {{"content", Json::array({std::move(entry)})}, {"refusal", nullptr}};
}

Json completion_body(const ReplyFrame& frame, const ChatQuestion& question,
                     std::span<const Answer> answers) {
  Json body = frame_body(frame, "chat.completion");
  body["choices"] = Json::array();
  for (int choice = 0; choice < question.choices; ++choice) {
    const Answer& answer = answers[static_cast<size_t>(choice) % answers.size()];
    body["choices"].push_back(
        {{"index", choice},
         {"message", {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}}},
         {"logprobs", logprobs_body(question, answer)},
         {"finish_reason", answer.finish}});
  }
  body["usage"] = usage_body(answers);
  return body;
}

Json chunk_body(const ReplyFrame& frame, int choice, const Json& delta, const Json& finish_reason,
                const Json& logprobs) {
  Json body = frame_body(frame, "chat.completion.chunk");
  Json choices = Json::array();
  choices.push_back({{"index", choice},
                     {"delta", delta},
                     {"logprobs", logprobs},
                     {"finish_reason", finish_reason}});
  body["choices"] = std::move(choices);
  return body;
}

Json usage_chunk_body(const ReplyFrame& frame, std::span<const Answer> answers) {
  Json body = frame_body(frame, "chat.completion.chunk");
  body["choices"] = Json::array();
  body["usage"] = usage_body(answers);
  return body;
}

std::string event(const Json& body) {
  return "data: " + dump_json(body) + "\n\n";
}

std::string first_events(const ReplyFrame& frame, const ChatQuestion& question) {
  std::string events;
  for (int choice = 0; choice < question.choices; ++choice) {
    events += event(chunk_body(frame, choice, {{"role", "assistant"}, {"content", ""}}));
  }
  return events;
}

std::string text_event(const ReplyFrame& frame, int choice, const std::string& text) {
  return event(chunk_body(frame, choice, {{"content", text}}));
}

std::string last_events(const ReplyFrame& frame, const ChatQuestion& question,
                        const std::vector<Answer>& answers, const std::vector<std::string>& given) {
  std::string events;
  try {
    check_answers(answers);
    for (size_t choice = 0; choice < given.size(); ++choice) {
      const Answer& answer = answers[choice % answers.size()];
      const int index = static_cast<int>(choice);
      if (!answer.text.starts_with(given[choice])) {
        throw ApiError(500, "server_error", "the answer is not the one that was streamed");
      }
      const std::string rest = answer.text.substr(given[choice].size());
      if (!rest.empty()) events += text_event(frame, index, rest);
      events += event(chunk_body(frame, index, Json::object(), answer.finish));
    }
    if (question.include_usage) events += event(usage_chunk_body(frame, answers));
  } catch (const ApiError& error) {
    // The status has been sent: clients find the error in the stream.
    events += event(error.body());
  }
  return events + "data: [DONE]\n\n";
}

}  // namespace vigor::serve
