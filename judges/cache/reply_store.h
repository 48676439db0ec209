// Judged replies in one SQLite file, shared by any number of processes.
//
// A reply is on record when put() returns: a process that is killed loses none of those, and
// leaves the file usable (write-ahead log). A machine that loses power may lose the last ones. Not
// for network file systems, which the log does not work on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "judges/cache/reply_record.h"
#include "judges/cache/store_access.h"

namespace vigor {

// What the store holds of one judge.
struct StoredJudge {
  Json identity;
  int64_t replies = 0;
  ChatUsage usage;  // of all its replies
  int64_t first_created = 0, last_created = 0;
};

// Not thread-safe. Every function throws Error: the file is no cache or damaged, written by a newer
// program, the disk is full, another process holds the file for longer than 10 s.
class ReplyStore {
 public:
  ReplyStore(const std::filesystem::path& file, StoreAccess access);
  // Empty, and gone with the object.
  static ReplyStore in_memory();
  ~ReplyStore();
  ReplyStore(ReplyStore&&) noexcept;
  ReplyStore& operator=(ReplyStore&&) noexcept;

  // `key` is reply_key(). The reply has from_cache set and no tries.
  std::optional<ChatReply> find(const std::string& key);
  // Keeps the reply that is there when there is one. `record.created` of 0 is now. Returns whether
  // it was kept. A reply with an error is a bug and throws.
  bool put(const ReplyRecord& record);
  // All or, after an Error, none. Returns how many were new.
  size_t put_all(std::span<const ReplyRecord> records);

  // In the order in which they were stored.
  void for_each(const std::function<void(ReplyRecord&&)>& record);
  std::vector<StoredJudge> judges();

 private:
  struct State;
  explicit ReplyStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vigor
