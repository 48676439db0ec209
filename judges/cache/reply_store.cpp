#include "judges/cache/reply_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <chrono>
#include <thread>

#include "base/file_system.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// In the file's header: says that the file is ours ("vigr"), and how its tables look.
constexpr int kApplicationId = 0x76696772;
constexpr int kVersion = 1;
constexpr int kBusyMilliseconds = 10'000;

constexpr const char* kTables = R"(
  CREATE TABLE judge_identities (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE);
  CREATE TABLE judge_replies (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    identity INTEGER NOT NULL REFERENCES judge_identities (id),
    request TEXT NOT NULL,
    reply TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    created INTEGER NOT NULL);
)";

// What SQLite says, in words that help.
Error store_error(const SQLite::Exception& error, const std::string& name) {
  ErrorParts parts;
  parts.where = printable(name);
  parts.what = "the cache of judge replies cannot be used: " + printable(error.what());
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
      parts.what = "no space left on the disk for the cache of judge replies";
      parts.fix =
          "free some space and run the same command again: what was written is kept (or go on "
          "without a cache: --judge-cache off)";
      break;
    case SQLITE_IOERR:
      parts.cause = "the disk is full or failing, or the file lies on a network file system";
      parts.fix = "name a file on a local disk with --judge-cache-file";
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      parts.what = "the cache of judge replies is damaged: " + printable(error.what());
      parts.cause = error.getErrorCode() == SQLITE_NOTADB
                        ? "the file is no SQLite database"
                        : "the disk failed, or another program wrote into it";
      parts.fix = "move the file away, or name another one with --judge-cache-file";
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      parts.what = "another process holds the cache of judge replies";
      parts.fix = "wait for it to end, or name another file with --judge-cache-file";
      break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      parts.cause = "the file or its folder may not be written";
      parts.fix = "name a file in a folder that can be written with --judge-cache-file";
      break;
    default:
      break;
  }
  return Error(std::move(parts));
}

}  // namespace

struct ReplyStore::State {
  State(const std::string& file, int flags)
      : name(file), database(file, flags, kBusyMilliseconds) {}

  std::string name;
  SQLite::Database database;
  std::unique_ptr<SQLite::Statement> find, put, put_identity;

  template <typename Action>
  auto guarded(const Action& action) {
    try {
      return action();
    } catch (const SQLite::Exception& error) {
      throw store_error(error, name);
    }
  }

  int64_t pragma(const std::string& what) {
    SQLite::Statement query(database, "PRAGMA " + what);
    query.executeStep();
    return query.getColumn(0).getInt64();
  }

  // The busy timeout does not cover the change to a write-ahead log: two processes that make one
  // file together are told "locked" at once.
  void use_write_ahead_log() {
    for (int waited = 0;; waited += 10) {
      try {
        database.exec("PRAGMA journal_mode = WAL");
        return;
      } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() != SQLITE_BUSY || waited >= kBusyMilliseconds) throw;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
  }

  void make_tables() {
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    // Another process may have made them meanwhile.
    if (pragma("user_version") == 0) {
      if (pragma("schema_version") != 0) reject_stranger();
      database.exec(kTables);
      database.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
      database.exec("PRAGMA user_version = " + std::to_string(kVersion));
    }
    transaction.commit();
  }

  void check_tables() {
    if (pragma("application_id") != kApplicationId) reject_stranger();
    const int64_t version = pragma("user_version");
    if (version == kVersion) return;
    throw Error({.what = "the cache has version " + std::to_string(version) +
                         ", and this program knows version " + std::to_string(kVersion),
                 .where = printable(name),
                 .cause = "another version of the program made it",
                 .fix = "name another file with --judge-cache-file"});
  }

  [[noreturn]] void reject_stranger() const {
    throw Error({.what = "this SQLite database is no cache of judge replies",
                 .where = printable(name),
                 .cause = "it belongs to another program, or the path is misspelt",
                 .fix = "name another file with --judge-cache-file"});
  }

  void prepare() {
    find = std::make_unique<SQLite::Statement>(database,
                                               "SELECT reply FROM judge_replies WHERE key = ?");
    put_identity = std::make_unique<SQLite::Statement>(
        database, "INSERT OR IGNORE INTO judge_identities (identity) VALUES (?)");
    put = std::make_unique<SQLite::Statement>(
        database,
        "INSERT OR IGNORE INTO judge_replies (key, identity, request, reply, prompt_tokens, "
        "completion_tokens, created) VALUES (?, (SELECT id FROM judge_identities WHERE identity = "
        "?), ?, ?, ?, ?, coalesce(nullif(?, 0), unixepoch()))");
  }

  bool insert(const ReplyRecord& record) {
    if (!record.reply.error.empty()) throw std::logic_error("an error reply is never cached");
    const std::string identity = dump_json(record.identity);
    put_identity->reset();
    put_identity->bind(1, identity);
    put_identity->exec();
    put->reset();
    put->bind(1, reply_key(record.identity, record.request));
    put->bind(2, identity);
    put->bind(3, dump_json(record.request));
    put->bind(4, dump_json(reply_to_json(record.reply)));
    put->bind(5, record.reply.usage.prompt_tokens);
    put->bind(6, record.reply.usage.completion_tokens);
    put->bind(7, record.created);
    return put->exec() > 0;
  }
};

ReplyStore::ReplyStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReplyStore::~ReplyStore() = default;
ReplyStore::ReplyStore(ReplyStore&&) noexcept = default;
ReplyStore& ReplyStore::operator=(ReplyStore&&) noexcept = default;

ReplyStore::ReplyStore(const fs::path& file, StoreAccess access) {
  const bool writes = access == StoreAccess::kWrite;
  if (writes && file.has_parent_path()) DiskFileSystem().create_directories(file.parent_path());
  if (!writes && !fs::exists(file)) {
    throw Error({.what = "no such cache of judge replies",
                 .where = printable(file.string()),
                 .fix = "check --judge-cache-file; --judge-cache write makes the file"});
  }
  try {
    state_ =
        std::make_unique<State>(file.string(), writes ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE
                                                      : SQLite::OPEN_READONLY);
    if (writes) {
      // Nothing of a stranger's database may change, not even its journal.
      if (state_->pragma("schema_version") != 0) state_->check_tables();
      state_->use_write_ahead_log();
      // The log is synced when it is moved into the file; a kill loses nothing.
      state_->database.exec("PRAGMA synchronous = NORMAL");
      state_->make_tables();
    }
    state_->check_tables();
    state_->prepare();
  } catch (const SQLite::Exception& error) {
    throw store_error(error, file.string());
  }
}

ReplyStore ReplyStore::in_memory() {
  auto state = std::make_unique<State>(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  state->make_tables();
  state->prepare();
  return ReplyStore(std::move(state));
}

std::optional<ChatReply> ReplyStore::find(const std::string& key) {
  return state_->guarded([&]() -> std::optional<ChatReply> {
    SQLite::Statement& query = *state_->find;
    query.reset();
    query.bind(1, key);
    if (!query.executeStep()) return std::nullopt;
    const std::string where = state_->name + ": reply " + key;
    ChatReply reply = reply_from_json(parse_json(query.getColumn(0).getString(), where), where);
    // An open read would keep the log from being moved into the file.
    query.reset();
    reply.from_cache = true;
    return reply;
  });
}

bool ReplyStore::put(const ReplyRecord& record) {
  return put_all({&record, 1}) == 1;
}

size_t ReplyStore::put_all(std::span<const ReplyRecord> records) {
  return state_->guarded([&] {
    SQLite::Transaction transaction(state_->database, SQLite::TransactionBehavior::IMMEDIATE);
    size_t added = 0;
    for (const ReplyRecord& record : records) added += state_->insert(record) ? 1 : 0;
    transaction.commit();
    return added;
  });
}

void ReplyStore::for_each(const std::function<void(ReplyRecord&&)>& record) {
  state_->guarded([&] {
    SQLite::Statement query(
        state_->database,
        "SELECT i.identity, r.request, r.reply, r.created, r.key FROM judge_replies r JOIN "
        "judge_identities i ON i.id = r.identity ORDER BY r.id");
    while (query.executeStep()) {
      const std::string where = state_->name + ": reply " + query.getColumn(4).getString();
      const auto column = [&](int at) {
        return parse_json(query.getColumn(at).getString(), where);
      };
      record(
          {column(0), column(1), reply_from_json(column(2), where), query.getColumn(3).getInt64()});
    }
  });
}

std::vector<StoredJudge> ReplyStore::judges() {
  return state_->guarded([&] {
    SQLite::Statement query(
        state_->database,
        "SELECT i.identity, count(*), sum(r.prompt_tokens), sum(r.completion_tokens), "
        "min(r.created), max(r.created) FROM judge_replies r JOIN judge_identities i ON i.id = "
        "r.identity GROUP BY i.id ORDER BY i.id");
    std::vector<StoredJudge> found;
    while (query.executeStep()) {
      const auto number = [&](int at) { return query.getColumn(at).getInt64(); };
      found.push_back({parse_json(query.getColumn(0).getString(), state_->name),
                       number(1),
                       {number(2), number(3)},
                       number(4),
                       number(5)});
    }
    return found;
  });
}

}  // namespace vigor
