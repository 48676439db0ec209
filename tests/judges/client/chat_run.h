// Asks a client a number of questions, for tests over real sockets.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "judges/client/http_chat.h"
#include "tests/testing/chat_server.h"

namespace vigor::testing {

// Short waits throughout; 4 tries.
inline HttpChatOptions quick_options(const std::string& base_url) {
  HttpChatOptions options;
  options.base_url = base_url;
  options.model = "m";
  options.timeout_s = 5;
  options.max_tries = 4;
  options.backoff_base_s = 0.001;
  options.backoff_cap_s = 0.002;
  return options;
}

inline ChatRequest question(size_t index) {
  ChatRequest request;
  request.messages = {{"user", {{"question " + std::to_string(index), nullptr}}}};
  return request;
}

// The replies of one run by index; throws what complete() throws.
inline std::map<size_t, ChatReply> ask(ChatClient& client, size_t count,
                                       std::stop_token stop = {}) {
  std::map<size_t, ChatReply> replies;
  client.complete(
      count, question,
      [&](size_t index, ChatReply&& reply) {
        if (!replies.emplace(index, std::move(reply)).second) {
          throw std::logic_error("two replies to one request");
        }
      },
      stop);
  return replies;
}

inline ChatReply ask_once(HttpChatOptions options) {
  return ask(*make_http_chat(std::move(options)), 1).at(0);
}

}  // namespace vigor::testing
