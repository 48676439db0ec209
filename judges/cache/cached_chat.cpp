#include "judges/cache/cached_chat.h"

#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace vigor {
namespace {

// A question that the cache does not answer, with every request that asks it.
struct Miss {
  size_t first = 0;
  std::vector<size_t> others;
  Json request;  // while it is under way
};

}  // namespace

CachedChat::CachedChat(std::unique_ptr<ChatClient> inner, ReplyStore store)
    : inner_(std::move(inner)), identity_(inner_->identity()), store_(std::move(store)) {}

CachedChat::CachedChat(Json identity, ReplyStore store)
    : identity_(std::move(identity)), store_(std::move(store)) {}

void CachedChat::complete(size_t count, const ChatRequestSource& make,
                          const ChatReplyCallback& done, std::stop_token stop) {
  std::vector<Miss> misses;
  std::unordered_map<std::string, size_t> miss_of_key;
  for (size_t i = 0; i < count && !stop.stop_requested(); ++i) {
    const std::string key = reply_key(identity_, make(i).canonical());
    if (const auto known = miss_of_key.find(key); known != miss_of_key.end()) {
      misses[known->second].others.push_back(i);
    } else if (std::optional<ChatReply> reply = store_.find(key)) {
      ++hits_;
      done(i, std::move(*reply));
    } else if (inner_ == nullptr) {
      ChatReply missing;
      missing.error = "not in the cache, and the judge is not asked";
      done(i, std::move(missing));
    } else {
      miss_of_key.emplace(key, misses.size());
      misses.push_back({.first = i, .others = {}, .request = {}});
    }
  }
  miss_of_key.clear();
  if (misses.empty() || stop.stop_requested()) return;

  std::optional<Error> failure;
  std::stop_source halt;
  const std::stop_callback forward(stop, [&] { halt.request_stop(); });
  const auto make_miss = [&](size_t index) {
    ChatRequest request = make(misses[index].first);
    misses[index].request = request.canonical();
    return request;
  };
  const auto keep = [&](size_t index, ChatReply&& reply) {
    Miss& miss = misses[index];
    ReplyRecord record{identity_, std::move(miss.request), std::move(reply), 0};
    if (record.reply.error.empty() && !failure) {
      try {
        store_.put(record);
      } catch (const Error& error) {
        failure = error;
        halt.request_stop();
      }
    }
    for (const size_t other : miss.others) {
      ChatReply same = record.reply;
      same.from_cache = same.error.empty();
      if (same.from_cache) ++hits_;
      done(other, std::move(same));
    }
    done(miss.first, std::move(record.reply));
  };
  inner_->complete(misses.size(), make_miss, keep, halt.get_token());
  if (failure) throw *failure;
}

Json CachedChat::usage() const {
  Json usage = inner_ == nullptr ? Json{{"requests", 0}} : inner_->usage();
  if (!usage.is_object()) usage = Json::object();
  usage["cache_hits"] = hits_;
  return usage;
}

}  // namespace vigor
