// What becomes of one try: the transport's result read as a reply, a reason to try again, or the
// end of the request.
#pragma once

#include <optional>
#include <string>

#include "judges/chat/chat.h"

namespace vigor {

// How far one HTTP exchange came.
enum class Exchange {
  kAnswered,       // a whole answer, with any status
  kNotConnected,   // no connection: nothing was sent
  kInterrupted,    // the connection ended early, or spoke no HTTP
  kTimedOut,       // also: stalled once it had begun
  kCertificate,    // the server's certificate was not accepted: nothing was sent
  kTooLong,        // the answer passed the limit and was given up
  kMisconfigured,  // what was asked of the transport cannot be done (a CA file that is missing)
};

struct HttpResult {
  Exchange exchange = Exchange::kAnswered;
  bool sent = false;    // part of the request at least has left
  std::string trouble;  // the transport's own words when not answered
  long status = 0;      // when answered
  std::string body;
  std::string retry_after_ms, retry_after, date, location;  // headers; empty: absent
};

struct Outcome {
  // kAgain: at once, in another form; that is no try, for the endpoint did not look at the
  // question.
  enum class Next { kDone, kRetry, kFail, kAgain } next = Next::kDone;
  // For kDone: the reply, or its error (a refusal); else reply.error alone.
  ChatReply reply;
  std::string kind;  // of an error, for counts: "http 429", "timeout", "connection", "malformed"
  // Asked for by the server, in seconds.
  std::optional<double> wait_s;
  bool throttled = false;  // 429: too many at once
  // Of an endpoint that refuses it: "response_format" or "logprobs" (ErrorBody::parameter).
  std::string refused_parameter;
  // What the try may have cost.
  enum class Billing { kNothing, kReported, kUnknown } billing = Billing::kNothing;
  ChatUsage usage;  // when reported
};

// `wall_now`: seconds since 1970, for Retry-After.
Outcome read_outcome(const HttpResult& result, double wall_now);

}  // namespace vigor
