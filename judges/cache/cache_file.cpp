#include "judges/cache/cache_file.h"

#include <sqlite3.h>

#include <chrono>
#include <thread>

#include "base/file_system.h"

namespace vigor {
namespace {

constexpr int kBusyMilliseconds = 10'000;

}  // namespace

Error CacheFile::store_error(const SQLite::Exception& error, const std::string& name,
                             const CacheFormat& format) {
  const std::string cache = format.cache, option = format.file_option;
  ErrorParts parts;
  parts.where = printable(name);
  parts.what = "the " + cache + " cannot be used: " + printable(error.what());
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
      parts.what = "no space left on the disk for the " + cache;
      parts.fix =
          "free some space and run the same command again: what was written is kept (or go on "
          "without a cache: " +
          std::string(format.without) + ")";
      break;
    case SQLITE_IOERR:
      parts.cause = "the disk is full or failing, or the file lies on a network file system";
      parts.fix = "name a file on a local disk with " + option;
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      parts.what = "the " + cache + " is damaged: " + printable(error.what());
      parts.cause = error.getErrorCode() == SQLITE_NOTADB
                        ? "the file is no SQLite database"
                        : "the disk failed, or another program wrote into it";
      parts.fix = "move the file away, or name another one with " + option;
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      parts.what = "another process holds the " + cache;
      parts.fix = "wait for it to end, or name another file with " + option;
      break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      parts.cause = "the file or its folder may not be written";
      parts.fix = "name a file in a folder that can be written with " + option;
      break;
    default:
      break;
  }
  return Error(std::move(parts));
}

SQLite::Database CacheFile::opened(const std::filesystem::path& file, StoreAccess access,
                                   const CacheFormat& format) {
  const bool writes = access == StoreAccess::kWrite;
  if (writes && file.has_parent_path()) DiskFileSystem().create_directories(file.parent_path());
  if (!writes && !std::filesystem::exists(file)) {
    throw Error({.what = std::string("no such ") + format.cache,
                 .where = printable(file.string()),
                 .fix = std::string("check ") + format.file_option +
                        "; the file is made by a command that may write it"});
  }
  try {
    return SQLite::Database(
        file.string(),
        writes ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE : SQLite::OPEN_READONLY,
        kBusyMilliseconds);
  } catch (const SQLite::Exception& error) {
    throw store_error(error, file.string(), format);
  }
}

CacheFile::CacheFile(const std::filesystem::path& file, StoreAccess access,
                     const CacheFormat& format)
    : format_(format), name_(file.string()), database_(opened(file, access, format)) {
  guarded([&] {
    if (access == StoreAccess::kWrite) {
      // Nothing of a stranger's database may change, not even its journal.
      if (pragma("schema_version") != 0) check_tables();
      use_write_ahead_log();
      // The log is synced when it is moved into the file; a kill loses nothing.
      database_.exec("PRAGMA synchronous = NORMAL");
      make_tables();
    }
    check_tables();
  });
}

CacheFile::CacheFile(const CacheFormat& format)
    : format_(format),
      name_(":memory:"),
      database_(name_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyMilliseconds) {
  guarded([&] { make_tables(); });
}

int64_t CacheFile::pragma(const std::string& what) {
  SQLite::Statement query(database_, "PRAGMA " + what);
  query.executeStep();
  return query.getColumn(0).getInt64();
}

// The busy timeout does not cover the change to a write-ahead log: two processes that make one
// file together are told "locked" at once.
void CacheFile::use_write_ahead_log() {
  for (int waited = 0;; waited += 10) {
    try {
      database_.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() != SQLITE_BUSY || waited >= kBusyMilliseconds) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

void CacheFile::make_tables() {
  SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
  // Another process may have made them meanwhile.
  if (pragma("user_version") == 0) {
    if (pragma("schema_version") != 0) reject_stranger();
    database_.exec(format_.tables);
    database_.exec("PRAGMA application_id = " + std::to_string(format_.application_id));
    database_.exec("PRAGMA user_version = " + std::to_string(format_.version));
  }
  transaction.commit();
}

void CacheFile::check_tables() {
  if (pragma("application_id") != format_.application_id) reject_stranger();
  const int64_t version = pragma("user_version");
  if (version == format_.version) return;
  throw Error({.what = "the cache has version " + std::to_string(version) +
                       ", and this program knows version " + std::to_string(format_.version),
               .where = printable(name_),
               .cause = "another version of the program made it",
               .fix = std::string("name another file with ") + format_.file_option});
}

void CacheFile::reject_stranger() const {
  throw Error({.what = std::string("this SQLite database is no ") + format_.cache,
               .where = printable(name_),
               .cause = "it belongs to another program, or the path is misspelt",
               .fix = std::string("name another file with ") + format_.file_option});
}

}  // namespace vigor
