// One judged reply as it is kept: in the cache, and as a line of an exported file.
//
// cache/ is the room that makes a judged reply cost once: what is asked again is answered from a
// SQLite file (reply_store.h) by a ChatClient that stands before the real one (cached_chat.h).
// Exported lines (docs/format-judge.md) let published results be rescored without a key.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "judges/chat/chat.h"

namespace vigor {

struct ReplyRecord {
  Json identity;  // ChatClient::identity()
  Json request;   // ChatRequest::canonical()
  ChatReply reply;
  int64_t created = 0;  // seconds since 1970 UTC; 0: unknown
};

// SHA-256 of identity and request, lower-case hex: two requests with one key are the same question
// to the same judge.
std::string reply_key(const Json& identity, const Json& canonical_request);

// {"text", "finish", "model", "usage": {"prompt_tokens", "completion_tokens"}, "first_token":
// [{"token", "logprob"}], "raw"}; replies with an error are never written.
Json reply_to_json(const ChatReply& reply);
// Throws Error naming `where` and the key.
ChatReply reply_from_json(const Json& value, const std::string& where);

// {"identity", "request", "reply", "created"}, one line of an exported file.
Json record_to_json(const ReplyRecord& record);
ReplyRecord record_from_json(const Json& value, const std::string& where);

// Every line of an exported file. Throws Error naming `where:line`.
void for_each_reply_record(std::string_view text, const std::string& where,
                           const std::function<void(size_t line, ReplyRecord&&)>& record);

}  // namespace vigor
