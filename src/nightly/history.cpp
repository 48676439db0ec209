#include "nightly/history.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "judges/cache/reply_store.h"

namespace vigor::nightly {
namespace {

constexpr int kBusyMilliseconds = 10'000;

constexpr const char* kTables = R"(
  DROP TABLE IF EXISTS nights;
  DROP TABLE IF EXISTS night_figures;
  DROP TABLE IF EXISTS night_rules;
  CREATE TABLE nights (
    night TEXT PRIMARY KEY, started INTEGER NOT NULL, ended INTEGER NOT NULL,
    outcome TEXT NOT NULL, accepted INTEGER NOT NULL, reference TEXT);
  CREATE TABLE night_figures (
    night TEXT NOT NULL, job TEXT NOT NULL, benchmark TEXT NOT NULL, metric TEXT NOT NULL,
    value REAL, low REAL, high REAL,
    PRIMARY KEY (night, job, metric));
  CREATE TABLE night_rules (
    night TEXT NOT NULL, job TEXT NOT NULL, against TEXT NOT NULL, metric TEXT NOT NULL,
    outcome TEXT NOT NULL, base REAL, candidate_drop REAL, allowed_drop REAL NOT NULL);
)";

void bind(SQLite::Statement& statement, int at, const std::optional<double>& value) {
  if (value) {
    statement.bind(at, *value);
  } else {
    statement.bind(at);  // NULL
  }
}

void insert_night(SQLite::Database& database, const Night& night) {
  SQLite::Statement row(database, "INSERT INTO nights VALUES (?, ?, ?, ?, ?, ?)");
  row.bind(1, night.id);
  row.bind(2, night.started);
  row.bind(3, night.ended);
  row.bind(4, outcome_name(night.outcome));
  row.bind(5, night.accepted ? 1 : 0);
  if (night.reference.empty()) {
    row.bind(6);
  } else {
    row.bind(6, night.reference);
  }
  row.exec();
}

void insert_job(SQLite::Database& database, const Night& night, const NightJob& job) {
  for (const NightFigure& figure : job.figures) {
    SQLite::Statement row(database,
                          "INSERT OR REPLACE INTO night_figures VALUES (?, ?, ?, ?, ?, ?, ?)");
    row.bind(1, night.id);
    row.bind(2, job.name);
    row.bind(3, job.benchmark);
    row.bind(4, figure.key);
    bind(row, 5, figure.value);
    bind(row, 6, figure.low);
    bind(row, 7, figure.high);
    row.exec();
  }
  for (const NightRule& rule : job.rules) {
    SQLite::Statement row(database, "INSERT INTO night_rules VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    row.bind(1, night.id);
    row.bind(2, job.name);
    row.bind(3, rule.against);
    row.bind(4, rule.metric);
    row.bind(5, reports::outcome_name(rule.outcome));
    bind(row, 6, rule.base);
    bind(row, 7, rule.drop);
    row.bind(8, rule.allowed_drop);
    row.exec();
  }
}

}  // namespace

void write_history(const std::filesystem::path& file, const std::vector<Night>& nights) {
  // Makes the file, or refuses a stranger's.
  { const ReplyStore store(file, StoreAccess::kWrite); }
  try {
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE, kBusyMilliseconds);
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    database.exec(kTables);
    for (const Night& night : nights) {
      insert_night(database, night);
      for (const NightJob& job : night.jobs) insert_job(database, night, job);
    }
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    throw Error({.what = "the index of the nights cannot be written: " + printable(error.what()),
                 .where = printable(file.string()),
                 .cause = "the disk is full, or the file may not be written",
                 .fix = "the nights themselves are whole; mend the cause and run the job again"});
  }
}

}  // namespace vigor::nightly
