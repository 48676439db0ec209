#include "judges/client/outcome.h"

#include <charconv>

#include "judges/client/backoff.h"
#include "judges/client/chat_reply.h"

namespace vigor {
namespace {

Outcome ended(Outcome::Next next, std::string kind, std::string error) {
  Outcome out;
  out.next = next;
  out.kind = std::move(kind);
  out.reply.error = std::move(error);
  return out;
}

Outcome not_answered(const HttpResult& result) {
  const std::string because = result.trouble.empty() ? "" : ": " + printable(result.trouble);
  Outcome out;
  switch (result.exchange) {
    case Exchange::kNotConnected:
      out = ended(Outcome::Next::kRetry, "connection", "no connection" + because);
      break;
    case Exchange::kTimedOut:
      out = ended(Outcome::Next::kRetry, "timeout", "timed out" + because);
      break;
    case Exchange::kCertificate:
      out = ended(Outcome::Next::kFail, "certificate",
                  "the server's certificate is not accepted" + because);
      break;
    case Exchange::kTooLong:
      out = ended(Outcome::Next::kFail, "too long", "the reply is too long" + because);
      break;
    case Exchange::kMisconfigured:
      out = ended(Outcome::Next::kFail, "transport", "cannot ask" + because);
      break;
    default:
      out = ended(Outcome::Next::kRetry, "connection", "the connection ended early" + because);
  }
  out.billing = result.sent ? Outcome::Billing::kUnknown : Outcome::Billing::kNothing;
  return out;
}

Outcome answered_well(const HttpResult& result) {
  ReplyReading reading = read_chat_reply(result.body);
  Outcome out;
  const bool failed = !reading.reply.error.empty();
  out.next = reading.retry ? Outcome::Next::kRetry
             : failed      ? Outcome::Next::kFail
                           : Outcome::Next::kDone;
  out.kind = std::move(reading.kind);
  out.usage = reading.reply.usage;
  const bool counted = out.usage.prompt_tokens + out.usage.completion_tokens > 0;
  // An error in the body of a 200 is not billed; a body that cannot be read may be.
  if (counted) {
    out.billing = Outcome::Billing::kReported;
  } else if (!failed || out.kind == "malformed" || out.kind == "refused" ||
             out.kind == "content filter" || out.kind == "no text") {
    out.billing = Outcome::Billing::kUnknown;
  }
  out.reply = std::move(reading.reply);
  if (failed) out.reply.usage = {};
  return out;
}

// With these an endpoint says that it does not take a parameter; 403 is OpenAI's for logprobs.
bool refuses_parameters(long status) {
  return status == 400 || status == 403 || status == 422 || status == 501;
}

bool passes(long status) {
  return status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
}

std::optional<double> asked_wait(const HttpResult& result, double wall_now) {
  const std::string& text = result.retry_after_ms;
  double milliseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds,
                                            std::chars_format::fixed);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size() &&
      milliseconds >= 0) {
    return milliseconds / 1000;
  }
  return retry_after(result.retry_after, result.date, wall_now);
}

}  // namespace

Outcome read_outcome(const HttpResult& result, double wall_now) {
  if (result.exchange != Exchange::kAnswered) return not_answered(result);
  if (result.status >= 200 && result.status < 300) return answered_well(result);
  const std::string name = std::to_string(result.status);
  if (result.status >= 300 && result.status < 400) {
    return ended(Outcome::Next::kFail, "redirect",
                 "HTTP " + name + ": the endpoint redirects to '" + printable(result.location) +
                     "', which is not followed, so that the key stays with its host");
  }
  const ErrorBody body = read_error_body(result.body);
  if (body.refused && result.status < 500 && result.status != 429) {
    Outcome out =
        ended(Outcome::Next::kFail, "content filter",
              "refused: HTTP " + name + (body.message.empty() ? "" : ": ") + body.message);
    out.reply.refused = true;
    return out;
  }
  Outcome out =
      ended(passes(result.status) && !body.quota ? Outcome::Next::kRetry : Outcome::Next::kFail,
            body.quota ? "quota" : "http " + name, "HTTP " + name);
  if (!body.message.empty()) out.reply.error += ": " + body.message;
  if (refuses_parameters(result.status)) out.refused_parameter = body.parameter;
  if (out.next == Outcome::Next::kRetry) out.wait_s = asked_wait(result, wall_now);
  out.throttled = result.status == 429 && !body.quota;
  return out;
}

}  // namespace vigor
