#include "judges/cache/reply_store.h"

#include "judges/cache/cache_file.h"

namespace vigor {
namespace {

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

// "vigr"
constexpr CacheFormat kFormat = {.cache = "cache of judge replies",
                                 .file_option = "--judge-cache-file",
                                 .without = "--judge-cache off",
                                 .application_id = 0x76696772,
                                 .version = 1,
                                 .tables = kTables};

}  // namespace

struct ReplyStore::State {
  template <typename... Arguments>
  explicit State(const Arguments&... arguments) : file(arguments..., kFormat) {
    file.guarded([&] { prepare(); });
  }

  CacheFile file;
  std::unique_ptr<SQLite::Statement> find, put, put_identity;

  void prepare() {
    SQLite::Database& database = file.database();
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

ReplyStore::ReplyStore(const std::filesystem::path& file, StoreAccess access)
    : state_(std::make_unique<State>(file, access)) {}

ReplyStore ReplyStore::in_memory() {
  return ReplyStore(std::make_unique<State>());
}

std::optional<ChatReply> ReplyStore::find(const std::string& key) {
  return state_->file.guarded([&]() -> std::optional<ChatReply> {
    SQLite::Statement& query = *state_->find;
    query.reset();
    query.bind(1, key);
    if (!query.executeStep()) return std::nullopt;
    const std::string where = state_->file.name() + ": reply " + key;
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
  return state_->file.guarded([&] {
    SQLite::Transaction transaction(state_->file.database(),
                                    SQLite::TransactionBehavior::IMMEDIATE);
    size_t added = 0;
    for (const ReplyRecord& record : records) added += state_->insert(record) ? 1 : 0;
    transaction.commit();
    return added;
  });
}

void ReplyStore::for_each(const std::function<void(ReplyRecord&&)>& record) {
  state_->file.guarded([&] {
    SQLite::Statement query(
        state_->file.database(),
        "SELECT i.identity, r.request, r.reply, r.created, r.key FROM judge_replies r JOIN "
        "judge_identities i ON i.id = r.identity ORDER BY r.id");
    while (query.executeStep()) {
      const std::string where = state_->file.name() + ": reply " + query.getColumn(4).getString();
      const auto column = [&](int at) {
        return parse_json(query.getColumn(at).getString(), where);
      };
      record(
          {column(0), column(1), reply_from_json(column(2), where), query.getColumn(3).getInt64()});
    }
  });
}

std::vector<StoredJudge> ReplyStore::judges() {
  return state_->file.guarded([&] {
    SQLite::Statement query(
        state_->file.database(),
        "SELECT i.identity, count(*), sum(r.prompt_tokens), sum(r.completion_tokens), "
        "min(r.created), max(r.created) FROM judge_replies r JOIN judge_identities i ON i.id = "
        "r.identity GROUP BY i.id ORDER BY i.id");
    std::vector<StoredJudge> found;
    while (query.executeStep()) {
      const auto number = [&](int at) { return query.getColumn(at).getInt64(); };
      found.push_back({parse_json(query.getColumn(0).getString(), state_->file.name()),
                       number(1),
                       {number(2), number(3)},
                       number(4),
                       number(5)});
    }
    return found;
  });
}

}  // namespace vigor
