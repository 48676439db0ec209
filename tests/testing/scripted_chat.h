// A chat client that answers by a function: no network, for tests of what stands above it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "judges/chat/chat.h"

namespace vigor::testing {

class ScriptedChat : public ChatClient {
 public:
  using Script = std::function<ChatReply(size_t index, const ChatRequest& request)>;
  explicit ScriptedChat(Script script, std::string model = "scripted")
      : script_(std::move(script)), model_(std::move(model)) {}

  Json identity() const override { return {{"url", "scripted"}, {"model", model_}}; }

  // Asks in order; stops before the next request when stop is requested.
  void complete(size_t count, const ChatRequestSource& make, const ChatReplyCallback& done,
                std::stop_token stop) override {
    for (size_t i = 0; i < count && !stop.stop_requested(); ++i) {
      requests.push_back(make(i));
      done(i, script_(i, requests.back()));
    }
  }

  // Every request that was made, in order.
  std::vector<ChatRequest> requests;

 private:
  Script script_;
  std::string model_;
};

// A reply that is this text and nothing else.
inline ChatReply reply_of(std::string text) {
  ChatReply reply;
  reply.text = std::move(text);
  reply.finish = "stop";
  reply.tries = 1;
  return reply;
}

}  // namespace vigor::testing
