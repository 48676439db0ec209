// What the body of an answer means: a pure function of its bytes, and the place where everything
// that an endpoint can send wrongly is caught.
#pragma once

#include <string>
#include <string_view>

#include "judges/chat/chat.h"

namespace vigor {

// A reply that can be used, or why not.
struct ReplyReading {
  // Valid UTF-8 throughout; `raw` and `tries` are not set. With an error, `usage` alone is kept.
  ChatReply reply;
  // Of an error: "malformed", "error reply", "refused", "content filter", "no text", "quota".
  std::string kind;
  // The same request may be answered well another time: a body that was cut or garbled, or an
  // error that passes.
  bool retry = false;
};

// Reads the body of a 200. {"error": ...} in it is an error. A refusal, and a reply that a content
// filter cut, are errors too: what is left of it is not the model's answer.
ReplyReading read_chat_reply(std::string_view body);

// What the body of another status says of the error.
struct ErrorBody {
  std::string message;   // one printable line of at most 300 bytes, or "" when it says nothing
  bool quota = false;    // the account is out of money: waiting does not help
  bool refused = false;  // a content filter declined the request
  // "response_format" or "logprobs": what the endpoint does not take and could be asked without.
  std::string parameter;
};
ErrorBody read_error_body(std::string_view body);

// For records: the first `limit` bytes, invalid UTF-8 replaced by U+FFFD.
std::string kept_text(std::string_view bytes, size_t limit);

}  // namespace vigor
