// Answers in the shapes of OpenAI's chat completions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lvlm/lvlm.h"
#include "serve/chat_question.h"

namespace vigor::serve {

// What every body about one request repeats.
struct ReplyFrame {
  std::string id;           // "chatcmpl-..."
  int64_t created = 0;      // seconds since 1970
  std::string model;        // as the server names it
  std::string fingerprint;  // of the weights
};

// The answers to `question.choices` choices. Throws ApiError when one does not exist: 400 where the
// request is at fault, 500 else.
void check_answers(std::span<const Answer> answers);

// "chat.completion". answers.size() == generation.samples; greedy choices are copies of one.
// `logprobs.content` has one entry, that of the first token.
Json completion_body(const ReplyFrame& frame, const ChatQuestion& question,
                     std::span<const Answer> answers);

// "chat.completion.chunk" with one choice: its first (`role`), a piece of text, its end.
Json chunk_body(const ReplyFrame& frame, int choice, const Json& delta,
                const Json& finish_reason = nullptr, const Json& logprobs = nullptr);
// The chunk behind the last, for stream_options.include_usage.
Json usage_chunk_body(const ReplyFrame& frame, std::span<const Answer> answers);

// Server-sent events: any body, the beginning of every choice, new text of one.
std::string event(const Json& body);
std::string first_events(const ReplyFrame& frame, const ChatQuestion& question);
std::string text_event(const ReplyFrame& frame, int choice, const std::string& text);
// The events that end a stream: what of each choice was not `given` yet, its end, the usage when it
// was asked for, "[DONE]"; an error instead where an answer does not exist or was streamed wrongly.
std::string last_events(const ReplyFrame& frame, const ChatQuestion& question,
                        const std::vector<Answer>& answers, const std::vector<std::string>& given);

// {"content": [{"token", "logprob", "bytes", "top_logprobs"}]} of the first token; null when the
// question did not ask, or the model gives none.
Json logprobs_body(const ChatQuestion& question, const Answer& answer);

}  // namespace vigor::serve
