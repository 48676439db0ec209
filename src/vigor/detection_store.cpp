#include "vigor/detection_store.h"

#include "judges/cache/cache_file.h"

namespace vigor {
namespace {

constexpr const char* kDetectionTables = R"(
  CREATE TABLE detectors (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE);
  CREATE TABLE pictures (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE);
  CREATE TABLE findings (
    detector INTEGER NOT NULL REFERENCES detectors (id),
    picture INTEGER NOT NULL REFERENCES pictures (id),
    noun TEXT NOT NULL,
    score REAL NOT NULL,
    x0 REAL NOT NULL, y0 REAL NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL,
    PRIMARY KEY (detector, picture, noun)) WITHOUT ROWID;
)";

// "vigd"
constexpr CacheFormat kDetectionFormat = {.cache = "cache of detections",
                                          .file_option = "--detections-cache",
                                          .without = "--detections-cache off",
                                          .application_id = 0x76696764,
                                          .version = 1,
                                          .tables = kDetectionTables};

}  // namespace

struct DetectionStore::State {
  template <typename... Arguments>
  explicit State(const Arguments&... arguments) : file(arguments..., kDetectionFormat) {
    file.guarded([&] {
      const auto statement = [&](const char* text) {
        return std::make_unique<SQLite::Statement>(file.database(), text);
      };
      find = statement(
          "SELECT f.score, f.x0, f.y0, f.x1, f.y1 FROM findings f WHERE f.noun = ? AND f.detector "
          "= "
          "(SELECT id FROM detectors WHERE identity = ?) AND f.picture = (SELECT id FROM pictures "
          "WHERE sha256 = ?)");
      put_detector = statement("INSERT OR IGNORE INTO detectors (identity) VALUES (?)");
      put_picture = statement("INSERT OR IGNORE INTO pictures (sha256) VALUES (?)");
      put = statement(
          "INSERT OR IGNORE INTO findings (noun, detector, picture, score, x0, y0, x1, y1) VALUES "
          "(?, (SELECT id FROM detectors WHERE identity = ?), (SELECT id FROM pictures WHERE "
          "sha256 "
          "= ?), ?, ?, ?, ?, ?)");
    });
  }

  CacheFile file;
  std::unique_ptr<SQLite::Statement> find, put, put_detector, put_picture;
};

DetectionStore::DetectionStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
DetectionStore::~DetectionStore() = default;
DetectionStore::DetectionStore(DetectionStore&&) noexcept = default;
DetectionStore& DetectionStore::operator=(DetectionStore&&) noexcept = default;

DetectionStore::DetectionStore(const std::filesystem::path& file)
    : state_(std::make_unique<State>(file, StoreAccess::kWrite)) {}

DetectionStore DetectionStore::in_memory() {
  return DetectionStore(std::make_unique<State>());
}

std::vector<std::optional<NounFinding>> DetectionStore::find(const Json& detector,
                                                             const std::string& image_sha256,
                                                             std::span<const std::string> nouns) {
  return state_->file.guarded([&] {
    const std::string identity = dump_json(detector);
    std::vector<std::optional<NounFinding>> findings(nouns.size());
    SQLite::Statement& query = *state_->find;
    for (size_t i = 0; i < nouns.size(); ++i) {
      query.reset();
      query.bind(1, nouns[i]);
      query.bind(2, identity);
      query.bind(3, image_sha256);
      if (!query.executeStep()) continue;
      const auto number = [&](int column) {
        return static_cast<float>(query.getColumn(column).getDouble());
      };
      findings[i] = {
          .score = number(0), .box = {number(1), number(2), number(3), number(4)}, .error = ""};
    }
    // An open read would keep the log from being moved into the file.
    query.reset();
    return findings;
  });
}

void DetectionStore::put(const Json& detector, std::span<const Entry> entries) {
  state_->file.guarded([&] {
    const std::string identity = dump_json(detector);
    SQLite::Transaction transaction(state_->file.database(),
                                    SQLite::TransactionBehavior::IMMEDIATE);
    const auto run = [](SQLite::Statement& statement, const std::string& value) {
      statement.reset();
      statement.bind(1, value);
      statement.exec();
    };
    run(*state_->put_detector, identity);
    for (const Entry& entry : entries) {
      if (!entry.finding.score) continue;
      run(*state_->put_picture, entry.image_sha256);
      SQLite::Statement& put = *state_->put;
      put.reset();
      put.bind(1, entry.noun);
      put.bind(2, identity);
      put.bind(3, entry.image_sha256);
      put.bind(4, static_cast<double>(*entry.finding.score));
      for (int side = 0; side < 4; ++side) {
        put.bind(5 + side, static_cast<double>(entry.finding.box[static_cast<size_t>(side)]));
      }
      put.exec();
    }
    transaction.commit();
  });
}

Json detector_key(Json identity) {
  if (identity.contains("checkpoint_hash")) identity.erase("checkpoint");
  if (identity.contains("sha256")) identity.erase("path");
  identity.erase("device");
  return identity;
}

CachedDetector::CachedDetector(std::unique_ptr<Detector> inner, DetectionStore store)
    : inner_(std::move(inner)), store_(std::move(store)), key_(detector_key(inner_->identity())) {}

std::vector<NounFinding> CachedDetector::find(const Picture& picture,
                                              std::span<const std::string> nouns) {
  const PictureNouns request = {picture, {nouns.begin(), nouns.end()}};
  PictureFindings answer = std::move(find_all({&request, 1}, {})[0]);
  if (!answer.error.empty()) throw Error({.what = answer.error, .where = printable(picture.name)});
  return std::move(answer.findings);
}

std::vector<PictureFindings> CachedDetector::find_all(std::span<const PictureNouns> requests,
                                                      std::stop_token stop) {
  std::vector<PictureFindings> answers(requests.size());
  std::vector<PictureNouns> asked;
  std::vector<size_t> owner;                // of each in `asked`: index into requests
  std::vector<std::vector<size_t>> places;  // of its nouns: index into the request's nouns
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto kept = store_.find(key_, requests[i].picture.sha256, requests[i].nouns);
    PictureNouns rest;
    std::vector<size_t> at;
    answers[i].findings.resize(kept.size());
    for (size_t noun = 0; noun < kept.size(); ++noun) {
      if (kept[noun]) {
        answers[i].findings[noun] = *kept[noun];
        ++hits_;
      } else {
        rest.nouns.push_back(requests[i].nouns[noun]);
        at.push_back(noun);
      }
    }
    if (at.empty()) continue;
    rest.picture = requests[i].picture;
    asked.push_back(std::move(rest));
    owner.push_back(i);
    places.push_back(std::move(at));
  }
  if (asked.empty()) return answers;
  std::vector<PictureFindings> fresh = inner_->find_all(asked, stop);
  std::vector<DetectionStore::Entry> entries;
  for (size_t i = 0; i < asked.size(); ++i) {
    PictureFindings& answer = answers[owner[i]];
    if (!fresh[i].error.empty()) {
      answer = {.findings = {}, .error = fresh[i].error};
      continue;
    }
    for (size_t noun = 0; noun < places[i].size(); ++noun) {
      NounFinding& finding = fresh[i].findings.at(noun);
      entries.push_back({asked[i].picture.sha256, asked[i].nouns[noun], finding});
      answer.findings[places[i][noun]] = std::move(finding);
    }
  }
  if (!entries.empty()) store_.put(key_, entries);
  return answers;
}

Json CachedDetector::usage() const {
  Json usage = inner_->usage();
  usage["nouns_from_cache"] = hits_;
  return usage;
}

}  // namespace vigor
