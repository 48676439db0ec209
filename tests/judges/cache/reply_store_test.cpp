#include "judges/cache/reply_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/files.h"
#include "tests/judges/cache/file_size_limit.h"
#include "tests/judges/cache/samples.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using testing::FileSizeLimit;
using ::testing::HasSubstr;
using testing::sample_record;
using testing::TemporaryFolder;

std::string key_of(const ReplyRecord& record) {
  return reply_key(record.identity, record.request);
}

template <typename Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Runs `work` in a child process, which ends without the test's own endings.
template <typename Work>
pid_t in_child(const Work& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int code = 0;
  try {
    work();
  } catch (...) {
    code = 1;
  }
  ::_exit(code);
}

int exit_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ReplyStore, KeepsWhatWasPut) {
  const TemporaryFolder folder;
  const fs::path file = folder / "made/too/vigor.db";
  const ReplyRecord record = sample_record("which?", "this");
  {
    ReplyStore store(file, StoreAccess::kWrite);
    EXPECT_FALSE(store.find(key_of(record)).has_value());
    EXPECT_TRUE(store.put(record));
  }
  ReplyStore store(file, StoreAccess::kRead);
  const auto found = store.find(key_of(record));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(reply_to_json(*found), reply_to_json(record.reply));
  EXPECT_TRUE(found->from_cache);
  EXPECT_EQ(found->tries, 0);
}

TEST(ReplyStore, KeepsTheFirstReplyToAQuestion) {
  ReplyStore store = ReplyStore::in_memory();
  EXPECT_TRUE(store.put(sample_record("which?", "first")));
  EXPECT_FALSE(store.put(sample_record("which?", "second")));
  EXPECT_EQ(store.find(key_of(sample_record("which?", "")))->text, "first");
}

TEST(ReplyStore, ListsRecordsAndJudgesInTheirOrder) {
  ReplyStore store = ReplyStore::in_memory();
  ReplyRecord other = sample_record("who?", "c");
  other.identity["model"] = "other";
  other.created = 0;
  EXPECT_EQ(
      store.put_all(std::vector<ReplyRecord>{sample_record("z?", "a"), sample_record("a?", "b"),
                                             other, sample_record("z?", "again")}),
      3u);
  std::vector<std::string> texts;
  store.for_each([&](ReplyRecord&& record) { texts.push_back(record.reply.text); });
  EXPECT_EQ(texts, (std::vector<std::string>{"a", "b", "c"}));
  const std::vector<StoredJudge> judges = store.judges();
  ASSERT_EQ(judges.size(), 2u);
  EXPECT_EQ(judges[0].replies, 2);
  EXPECT_EQ(judges[0].usage.prompt_tokens, 240);
  EXPECT_EQ(judges[0].usage.completion_tokens, 14);
  EXPECT_EQ(judges[0].last_created, 1'700'000'000);
  EXPECT_EQ(judges[1].identity, other.identity);
  EXPECT_GT(judges[1].first_created, 1'700'000'000);  // now
}

TEST(ReplyStore, AnErrorIsNeverKept) {
  ReplyStore store = ReplyStore::in_memory();
  ReplyRecord record = sample_record("which?", "");
  record.reply.error = "HTTP 500";
  EXPECT_THROW(store.put(record), std::logic_error);
  EXPECT_TRUE(store.judges().empty());
}

TEST(ReplyStore, ReadingNeedsAFileThatIsThere) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of([&] { ReplyStore(folder / "vigor.db", StoreAccess::kRead); }),
              HasSubstr("no such cache of judge replies"));
  EXPECT_FALSE(fs::exists(folder / "vigor.db"));
}

TEST(ReplyStore, TwoHandlesSeeEachOthersReplies) {
  const TemporaryFolder folder;
  ReplyStore one(folder / "vigor.db", StoreAccess::kWrite);
  ReplyStore two(folder / "vigor.db", StoreAccess::kWrite);
  one.put(sample_record("which?", "this"));
  EXPECT_TRUE(two.find(key_of(sample_record("which?", ""))).has_value());
  two.put(sample_record("who?", "that"));
  EXPECT_TRUE(one.find(key_of(sample_record("who?", ""))).has_value());
}

TEST(FaultReplyStore, ProcessesThatMakeOneFileTogetherLoseNothing) {
  const TemporaryFolder folder;
  std::vector<pid_t> children;
  for (int process = 0; process < 4; ++process) {
    children.push_back(in_child([&] {
      ReplyStore store(folder / "vigor.db", StoreAccess::kWrite);
      for (int i = 0; i < 25; ++i) {
        store.put(sample_record(std::to_string(process) + " " + std::to_string(i), "x"));
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(exit_of(child), 0);
  ReplyStore store(folder / "vigor.db", StoreAccess::kRead);
  EXPECT_EQ(store.judges().at(0).replies, 100);
}

TEST(FaultReplyStore, AKilledProcessLosesNoReplyThatWasPut) {
  const TemporaryFolder folder;
  const fs::path file = folder / "vigor.db";
  for (int round = 0; round < 5; ++round) {
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    const std::string name = std::to_string(round);
    const pid_t child = in_child([&] {
      ReplyStore store(file, StoreAccess::kWrite);
      for (int i = 0;; ++i) {
        store.put(sample_record(name + " " + std::to_string(i), "x"));
        if (::write(told[1], "x", 1) != 1) return;
      }
    });
    ::close(told[1]);
    char byte;
    int put = 0;
    // Killed at some moment of the next put.
    while (put < 10 + 7 * round && ::read(told[0], &byte, 1) == 1) ++put;
    ::kill(child, SIGKILL);
    while (::read(told[0], &byte, 1) == 1) ++put;
    ::close(told[0]);
    exit_of(child);
    ReplyStore store(file, StoreAccess::kWrite);
    for (int i = 0; i < put; ++i) {
      EXPECT_TRUE(store.find(key_of(sample_record(name + " " + std::to_string(i), ""))).has_value())
          << i << " of " << put;
    }
    EXPECT_TRUE(store.put(sample_record(name + " after", "x")));
  }
}

TEST(FaultReplyStore, AFailingDiskLosesNothingThatWasWritten) {
  const TemporaryFolder folder;
  const fs::path file = folder / "vigor.db";
  int put = 0;
  {
    ReplyStore store(file, StoreAccess::kWrite);
    const FileSizeLimit limit(200'000);
    const std::string message = message_of([&] {
      for (; put < 1000; ++put) store.put(sample_record(std::to_string(put), "x"));
    });
    EXPECT_THAT(message, HasSubstr("vigor.db"));
    EXPECT_THAT(message, HasSubstr("the disk is full or failing"));
    EXPECT_GT(put, 0);
    EXPECT_LT(put, 1000);
  }
  ReplyStore store(file, StoreAccess::kWrite);
  EXPECT_EQ(store.judges().at(0).replies, put);
  EXPECT_TRUE(store.put(sample_record("after", "x")));
}

// A file that is not ours stays as it is.
TEST(FaultReplyStore, OtherFilesAreRefusedAndLeftAlone) {
  const TemporaryFolder folder;
  const fs::path text = folder.write("notes.db", std::string(5000, 'n'));
  EXPECT_THAT(message_of([&] { ReplyStore(text, StoreAccess::kWrite); }),
              HasSubstr("the file is no SQLite database"));
  EXPECT_EQ(read_file(text), std::string(5000, 'n'));

  const fs::path stranger = folder / "stranger.db";
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(stranger.c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, "CREATE TABLE addresses (name TEXT)", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  const std::string before = read_file(stranger);
  for (const StoreAccess access : {StoreAccess::kRead, StoreAccess::kWrite}) {
    EXPECT_THAT(message_of([&] { ReplyStore(stranger, access); }),
                HasSubstr("no cache of judge replies"));
  }
  EXPECT_EQ(read_file(stranger), before);
}

TEST(FaultReplyStore, ANewerFileIsNotTouched) {
  const TemporaryFolder folder;
  const fs::path file = folder / "vigor.db";
  ReplyStore(file, StoreAccess::kWrite).put(sample_record("which?", "this"));
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, "PRAGMA user_version = 99", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  EXPECT_THAT(message_of([&] { ReplyStore(file, StoreAccess::kWrite); }),
              HasSubstr("the cache has version 99"));
}

TEST(FaultReplyStore, DamagedPagesAreAnErrorAndNeverAReply) {
  const TemporaryFolder folder;
  const fs::path file = folder / "vigor.db";
  {
    ReplyStore store(file, StoreAccess::kWrite);
    std::vector<ReplyRecord> records;
    for (int i = 0; i < 200; ++i) records.push_back(sample_record(std::to_string(i), "x"));
    store.put_all(records);
  }
  std::string bytes = read_file(file);
  // All but the page of the header and tables.
  for (size_t at = 4096; at < bytes.size(); ++at) bytes[at] = static_cast<char>(at * 31);
  folder.write("vigor.db", bytes);
  const std::string message = message_of([&] {
    ReplyStore store(file, StoreAccess::kWrite);
    for (int i = 0; i < 200; ++i) {
      EXPECT_FALSE(store.find(key_of(sample_record(std::to_string(i), ""))).has_value());
    }
  });
  EXPECT_THAT(message, HasSubstr("damaged"));
  EXPECT_THAT(message, HasSubstr("move the file away"));
}

}  // namespace
}  // namespace vigor
