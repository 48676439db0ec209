#include "nightly/nightly.h"

#include <set>

#include "nightly/history.h"
#include "nightly/night_job.h"
#include "nightly/trend.h"

namespace vigor::nightly {
namespace {

namespace fs = std::filesystem;

// Removes what is heavy of old nights: runs, comparisons and reports that nothing kept refers to.
void prune(const Config& config, const std::vector<Night>& nights, int64_t now) {
  if (config.keep_days == 0) return;
  const int64_t oldest = now - int64_t{config.keep_days} * 86'400;
  std::set<std::string> needed;  // nights whose runs are referred to
  const Night* accepted = last_accepted(nights);
  for (const Night& night : nights) {
    if (night.started < oldest && &night != accepted) continue;
    needed.insert(night.id);
    for (const NightJob& job : night.jobs) needed.insert(job.run.substr(0, job.run.find('/')));
  }
  for (const Night& night : nights) {
    if (needed.contains(night.id)) continue;
    for (const char* part : {"runs", "compared", "report", "logs"}) {
      std::error_code kept;  // what cannot be removed is tried again tomorrow
      fs::remove_all(config.folder / night.id / part, kept);
    }
  }
}

std::unique_ptr<FileLock> hold(FileSystem& files, const Config& config) {
  files.create_directories(config.folder);
  std::unique_ptr<FileLock> held = files.try_lock(config.folder / "nightly.lock");
  if (held) return held;
  throw Error({.what = "another nightly job is at work in this folder",
               .where = printable(config.folder.string()),
               .cause = "last night's has not ended, or it was started twice",
               .fix = "wait for it, or stop it"});
}

void write_index(FileSystem& files, const Config& config, const std::vector<Night>& nights) {
  write_atomic(files, config.folder / "trend.html", trend_html(nights));
  if (!nights.empty()) {
    write_atomic(files, config.folder / "summary.md", night_markdown(nights.back()));
    write_atomic(files, config.folder / "junit.xml", night_junit(nights.back()));
  }
  // Last: an index that is damaged keeps nobody from reading what the night was.
  write_history(config.folder / "vigor.db", nights);
}

}  // namespace

NightlyResult run_night(FileSystem& files, const Config& config, const NightlyOptions& options) {
  const std::unique_ptr<FileLock> held = hold(files, config);
  NightlyResult result = evaluate_night(files, config, options);
  if (result.interrupted) return result;
  // Made anew each time, so that a job that was killed before this point is mended by the next.
  const std::vector<Night> nights = read_nights(config.folder);
  write_index(files, config, nights);
  prune(config, nights, options.now);
  return result;
}

Night accept_night(FileSystem& files, const Config& config, const std::string& id) {
  const std::unique_ptr<FileLock> held = hold(files, config);
  std::vector<Night> nights = read_nights(config.folder);
  for (Night& night : nights) {
    if (night.id != id) continue;
    night.accepted = night.by_hand = true;
    write_night(files, config.folder, night);
    write_index(files, config, nights);
    return night;
  }
  std::vector<std::string> known;
  for (const Night& night : nights) known.push_back(night.id);
  const std::string nearest = nearest_name(id, known);
  throw Error({.what = "no finished night is named '" + printable(id) + "'",
               .where = printable(config.folder.string()),
               .fix = nearest.empty() ? "the nights are the folders there that have night.json"
                                      : "did you mean " + nearest + "?",
               .exit_code = ExitCode::kUsage});
}

void rebuild(FileSystem& files, const Config& config) {
  const std::unique_ptr<FileLock> held = hold(files, config);
  write_index(files, config, read_nights(config.folder));
}

}  // namespace vigor::nightly
