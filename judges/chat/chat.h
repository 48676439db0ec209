// The one interface to a chat model behind an endpoint: what judges and the http Lvlm are asked
// through.
//
// judges/ holds the client itself (client/: OpenAI-compatible chat completions), the cache that
// stands before it (cache/), and what opens both from a file (judge/). What can be lifted out and
// used alone is this header with those; benchmarks know only this one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vigor {

// An encoded picture as it is sent; shared, because many requests show the same one.
struct ChatImage {
  std::string mime;    // "image/jpeg", "image/png", "image/webp"
  std::string bytes;   // the file's bytes, unchanged
  std::string sha256;  // of `bytes`, lower-case hex: stands for them in cache keys and logs
};

// What a picture is by its first bytes, whatever its file is called: "image/jpeg", "image/png",
// "image/webp", "image/gif"; "" for anything else.
std::string image_mime(std::string_view bytes);

// Hashes the bytes.
std::shared_ptr<const ChatImage> chat_image(std::string bytes, std::string mime);

// Text when `image` is null.
struct ChatPart {
  std::string text;
  std::shared_ptr<const ChatImage> image;
};

struct ChatMessage {
  std::string role;  // "system", "user", "assistant"
  std::vector<ChatPart> parts;
};

struct ChatRequest {
  std::vector<ChatMessage> messages;
  // Sampling temperature (0 to 2); 0 asks for the likeliest tokens.
  double temperature = 0.0;
  // Nucleus (0 < p <= 1); 1 is off and not sent.
  double top_p = 1.0;
  // Tokens of the reply at most; also what the budget reserves.
  int max_tokens = 1024;
  // Sent when set.
  std::optional<uint64_t> seed;
  std::vector<std::string> stop;
  // Likeliest tokens asked for at the first position (0 to 20); 0 asks for none. Left out when the
  // endpoint's configuration says that it has none.
  int top_logprobs = 0;
  // A JSON schema that the reply must satisfy: {"name", "schema"}; null for free text. Used only
  // when the endpoint's configuration says that it has schemas.
  Json schema;
  // Tells repeats of one request apart, in the cache too (0, 1, ...). Not sent.
  int repeat = 0;

  // All of it, pictures by their hashes: two requests are the same when this is equal. What caches
  // and records hold.
  Json canonical() const;
};

struct TokenLogprob {
  std::string token;
  double logprob = 0;  // natural log
};

struct ChatUsage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
};

struct ChatReply {
  // Not empty: there is no reply, and why, in one line without secrets ("HTTP 500 after 6 tries",
  // "refused: ..."). Everything below but `refused`, `raw` and `tries` is empty
  // then.
  std::string error;
  // With `error`: the judge, or a filter before it, declined. It was asked and would answer alike
  // again; without it nobody has answered.
  bool refused = false;
  std::string text;
  std::string finish;  // "stop", "length", "content_filter"
  std::string model;   // as the endpoint names itself
  ChatUsage usage;     // zeros when the endpoint does not say
  // Of the first token, likeliest first; empty when not asked for or not offered.
  std::vector<TokenLogprob> first_token;
  bool from_cache = false;
  int tries = 0;
  std::string raw;  // the endpoint's last body, cut at 64 KiB, redacted
};

// Makes request `index` when it is about to be sent, so that pictures of requests that wait are not
// held in memory. Called from the thread that called complete().
using ChatRequestSource = std::function<ChatRequest(size_t index)>;
// Called once for each request that ended, in any order, from the thread that called complete().
using ChatReplyCallback = std::function<void(size_t index, ChatReply&& reply)>;

// Not thread-safe: one caller at a time.
class ChatClient {
 public:
  virtual ~ChatClient() = default;

  // What a result must record of it, and what cache keys start with: {"url", "model", ...}; never a
  // secret.
  virtual Json identity() const = 0;

  // Asks requests 0 to count - 1. A request that fails ends with reply.error; what ends the whole
  // run (budget spent, deadline passed) is an Error, thrown after the requests in flight have ended
  // and their callbacks were called. When stop is requested, nothing new is sent, what is in flight
  // is waited for (bounded by its timeout), and the rest have no callback.
  virtual void complete(size_t count, const ChatRequestSource& make, const ChatReplyCallback& done,
                        std::stop_token stop) = 0;

  // Since construction: {"requests", "retries", "cache_hits", "prompt_tokens", "completion_tokens",
  // "cost", "currency", "seconds", "peak_in_flight", "errors": {KIND: count}}.
  virtual Json usage() const { return Json::object(); }
};

}  // namespace vigor
