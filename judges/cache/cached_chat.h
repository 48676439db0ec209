// A chat client that answers from a cache before anybody is asked.
#pragma once

#include <memory>

#include "judges/cache/reply_store.h"
#include "judges/chat/chat.h"

namespace vigor {

// Every request is looked up before the first one is sent, so `make` is called twice for those
// that are not found, and must make the same request both times. Equal requests of one call are
// asked once. Errors are never cached.
//
// When the cache can no longer be written (a full disk), nothing new is sent; the replies that are
// under way are still handed over, and then complete() throws.
class CachedChat : public ChatClient {
 public:
  // Asks `inner` what the store does not have, and keeps the replies.
  CachedChat(std::unique_ptr<ChatClient> inner, ReplyStore store);
  // Asks nobody: what the store does not have is an error reply, "not in the cache". `identity` is
  // that of the judge whose replies are looked up.
  CachedChat(Json identity, ReplyStore store);

  Json identity() const override { return identity_; }
  void complete(size_t count, const ChatRequestSource& make, const ChatReplyCallback& done,
                std::stop_token stop) override;
  // The inner client's, with "cache_hits".
  Json usage() const override;

 private:
  std::unique_ptr<ChatClient> inner_;
  Json identity_;
  ReplyStore store_;
  int64_t hits_ = 0;
};

}  // namespace vigor
