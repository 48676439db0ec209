// Bodies of answers as an endpoint may send them: a reply, or an error, and always text that can be
// written into JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "judges/client/chat_reply.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// nlohmann's strict dump throws at invalid UTF-8.
void require_utf8(const std::string& text) {
  static_cast<void>(vigor::Json(text).dump());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const vigor::ReplyReading reading = vigor::read_chat_reply(body);
  const vigor::ChatReply& reply = reading.reply;
  require(reply.error.empty() == reading.kind.empty());
  require(reply.error.empty() || (reply.text.empty() && reply.first_token.empty()));
  require(!(reading.retry && reply.error.empty()));
  require(reply.usage.prompt_tokens >= 0 && reply.usage.prompt_tokens <= 1'000'000'000);
  require(reply.usage.completion_tokens >= 0);
  for (const std::string* text : {&reply.error, &reply.text, &reply.finish, &reply.model}) {
    require_utf8(*text);
  }
  for (const vigor::TokenLogprob& token : reply.first_token) require_utf8(token.token);
  const vigor::ErrorBody error = vigor::read_error_body(body);
  require_utf8(error.message);
  require(error.message.find('\n') == std::string::npos);
  require_utf8(vigor::kept_text(body, 100));
  return 0;
}
