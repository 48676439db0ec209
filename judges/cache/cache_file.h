// A SQLite file that caches something, shared by any number of processes: opening, checking that it
// is ours, and what SQLite says in words that help.
//
// Something is on record when its transaction is committed: a process that is killed loses none of
// that, and leaves the file usable (write-ahead log). A machine that loses power may lose the last
// ones. Not for network file systems, which the log does not work on.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "judges/cache/store_access.h"

namespace vigor {

// What a cache holds, and what it is called in messages.
struct CacheFormat {
  const char* cache = "";        // "cache of judge replies"
  const char* file_option = "";  // "--judge-cache-file"
  const char* without = "";      // how to go on without it: "--judge-cache off"
  int application_id = 0;        // in the file's header: says that the file is ours
  int version = 1;               // of the tables
  const char* tables = "";       // the statements that make them
};

// Not thread-safe. Throws Error: the file is no cache of this format or damaged, written by a newer
// program, the disk is full, another process holds the file for longer than 10 s.
class CacheFile {
 public:
  // kWrite makes the file and its folder when they are missing.
  CacheFile(const std::filesystem::path& file, StoreAccess access, const CacheFormat& format);
  // Empty, and gone with the object.
  explicit CacheFile(const CacheFormat& format);

  SQLite::Database& database() { return database_; }
  const std::string& name() const { return name_; }

  // Runs an action; what SQLite throws in it becomes an Error.
  template <typename Action>
  auto guarded(const Action& action) {
    try {
      return action();
    } catch (const SQLite::Exception& error) {
      throw store_error(error, name_, format_);
    }
  }

 private:
  static Error store_error(const SQLite::Exception& error, const std::string& name,
                           const CacheFormat& format);
  static SQLite::Database opened(const std::filesystem::path& file, StoreAccess access,
                                 const CacheFormat& format);
  int64_t pragma(const std::string& what);
  void use_write_ahead_log();
  void make_tables();
  void check_tables();
  [[noreturn]] void reject_stranger() const;

  CacheFormat format_;
  std::string name_;
  SQLite::Database database_;
};

}  // namespace vigor
