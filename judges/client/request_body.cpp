#include "judges/client/request_body.h"

#include <algorithm>

#include "base/base64.h"
#include "judges/client/http_chat.h"

namespace vigor {
namespace {

// Role names and separators that templates put around each message.
constexpr int64_t kTokensAroundMessage = 16;
constexpr int64_t kMostTokens = 1'000'000'000;  // keeps sums of tokens and money far from overflow

Json content_of(const ChatMessage& message) {
  if (message.parts.size() == 1 && message.parts[0].image == nullptr) return message.parts[0].text;
  Json parts = Json::array();
  for (const ChatPart& part : message.parts) {
    if (part.image == nullptr) {
      parts.push_back({{"type", "text"}, {"text", part.text}});
    } else {
      std::string url = "data:" + part.image->mime + ";base64," + base64(part.image->bytes);
      parts.push_back({{"type", "image_url"}, {"image_url", {{"url", std::move(url)}}}});
    }
  }
  return parts;
}

TokenEstimate estimate(const ChatRequest& request, const HttpChatOptions& options,
                       const Json& body) {
  int64_t text = 0, images = 0;
  for (const ChatMessage& message : request.messages) {
    text += kTokensAroundMessage;
    for (const ChatPart& part : message.parts) {
      if (part.image == nullptr) {
        text += static_cast<int64_t>(part.text.size());
      } else {
        images += options.image_tokens;
      }
    }
  }
  // A schema is put into the prompt by most servers.
  if (body.contains("response_format")) {
    text += static_cast<int64_t>(dump_json(body["response_format"]).size());
  }
  const auto most = body.find(options.max_tokens_key);
  const int64_t completion = most != body.end() && most->is_number_integer()
                                 ? most->get<int64_t>()
                                 : int64_t{request.max_tokens};
  return {.prompt_most = std::min(text + images, kMostTokens),
          .prompt_expected = std::min(text / 3 + images, kMostTokens),
          .completion_most = std::clamp<int64_t>(completion, 0, kMostTokens)};
}

}  // namespace

RequestBody request_body(const ChatRequest& request, const HttpChatOptions& options) {
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages) {
    messages.push_back({{"role", message.role}, {"content", content_of(message)}});
  }
  Json body = {{"model", options.model},
               {"messages", std::move(messages)},
               {"temperature", request.temperature},
               {options.max_tokens_key, request.max_tokens}};
  if (request.top_p != 1.0) body["top_p"] = request.top_p;
  if (request.seed) body["seed"] = *request.seed;
  if (!request.stop.empty()) body["stop"] = request.stop;
  RequestBody out;
  out.logprobs = request.top_logprobs > 0 && options.offers_logprobs;
  if (out.logprobs) {
    body["logprobs"] = true;
    body["top_logprobs"] = request.top_logprobs;
  }
  out.schema = !request.schema.is_null() && options.offers_schema;
  if (out.schema) {
    Json schema = request.schema;
    schema["strict"] = true;
    body["response_format"] = {{"type", "json_schema"}, {"json_schema", std::move(schema)}};
  }
  if (!options.extra_body.is_null()) {
    body.merge_patch(options.extra_body);
    out.schema = out.schema && !options.extra_body.contains("response_format");
    out.logprobs = out.logprobs && !options.extra_body.contains("logprobs");
  }
  out.tokens = estimate(request, options, body);
  out.json = dump_json(body);
  return out;
}

}  // namespace vigor
