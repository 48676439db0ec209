// The JSON that is sent for a request, and how many tokens it may cost.
#pragma once

#include <cstdint>
#include <string>

#include "judges/chat/chat.h"

namespace vigor {

struct HttpChatOptions;

// Tokens of one try.
struct TokenEstimate {
  // No tokenizer makes more tokens than bytes: this bounds the prompt from above, for the budget.
  int64_t prompt_most = 0;
  // A third of the text's bytes: near what tokenizers make of English, for the limit per minute.
  int64_t prompt_expected = 0;
  int64_t completion_most = 0;
};

struct RequestBody {
  std::string json;
  TokenEstimate tokens;
  // What the request asks for and could do without: by the client's doing, not by extra_body.
  bool schema = false, logprobs = false;
};

// What the endpoint is not said to offer (schema, logprobs) is left out; options.extra_body is
// merged last (RFC 7396: a null removes a key). Invalid UTF-8 is sent as U+FFFD.
RequestBody request_body(const ChatRequest& request, const HttpChatOptions& options);

}  // namespace vigor
