#include "run/run_folder.h"

#include "base/error.h"
#include "base/files.h"
#include "run/settings.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRun = "run.json";
constexpr const char* kSamples = "samples.jsonl";
constexpr const char* kMetrics = "metrics.json";
constexpr const char* kLock = "run.lock";

bool is_failed(const Json& sample) {
  const auto is = [&](const char* key, const Json& value) {
    const auto found = sample.find(key);
    return found != sample.end() && *found == value;
  };
  return is("status", "failed") || is("ask_again", true);
}

}  // namespace

RunFolder::RunFolder(FileSystem& files, fs::path path, RunFolderOptions options)
    : files_(&files), path_(std::move(path)), options_(options) {}

RunFolder RunFolder::open(FileSystem& files, const fs::path& path, const Json& settings,
                          RunFolderOptions options) {
  RunFolder folder(files, path, options);
  folder.claim();
  folder.read_run(settings);
  folder.read_samples();
  folder.out_ = files.append(path / kSamples);
  return folder;
}

void RunFolder::claim() {
  files_->create_directories(path_);
  bool has_run = false;
  std::string foreign;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, code)) {
    const std::string name = entry.path().filename().string();
    if (name == kRun) has_run = true;
    // What a run leaves behind that was killed before run.json had its name.
    if (name != kRun && name != kLock && !name.ends_with(".tmp")) foreign = name;
  }
  if (code) {
    throw Error({.what = "the folder cannot be listed: " + code.message(),
                 .where = printable(path_.string()),
                 .fix = "choose another folder with --out"});
  }
  if (!has_run && !foreign.empty()) {
    throw Error({.what = "the folder is not empty and holds no run",
                 .where = printable(path_.string()),
                 .cause = "it has " + printable(foreign) + " but no run.json",
                 .fix = "choose a new folder with --out"});
  }
  lock_ = files_->try_lock(path_ / kLock);
  if (!lock_) {
    throw Error({.what = "another process is writing this run",
                 .where = printable(path_.string()),
                 .cause = "the same command is still running",
                 .fix = "wait for it, or stop it, or choose another folder with --out"});
  }
}

void RunFolder::read_run(const Json& settings) {
  if (!fs::exists(path_ / kRun)) {
    run_ = Json::object();
    update_run({{"settings", settings}});
    return;
  }
  run_ = read_json_file(path_ / kRun);
  const std::string where = printable((path_ / kRun).string());
  if (!run_.is_object() || !run_.contains("settings") || !run_["settings"].is_object()) {
    throw Error({.what = "this run.json has no \"settings\"",
                 .where = where,
                 .cause = "the file is from another program",
                 .fix = "choose another folder with --out"});
  }
  Json before = run_["settings"], after = settings;
  for (const std::string& key : options_.uncompared) {
    before.erase(key);
    after.erase(key);
  }
  const auto differences = setting_differences(before, after);
  if (!differences.empty()) {
    throw Error(
        {.what = "the folder holds a run made with other settings: " + describe(differences),
         .where = where,
         .cause = "results under different settings cannot be mixed in one run",
         .fix = "choose another folder with --out, or use the settings of that run"});
  }
  resumed_ = true;
  if (run_["settings"] != settings) update_run({{"settings", settings}});
}

void RunFolder::remember(Json sample, const std::string& where) {
  const auto key = sample.find("key");
  if (key == sample.end() || !key->is_string()) {
    throw Error({.what = "the sample has no \"key\"", .where = where});
  }
  if (!keys_.insert(key->get<std::string>()).second) {
    throw Error({.what = "a second sample with the key " + printable(key->get<std::string>()),
                 .where = where,
                 .cause = "the file was edited, or two runs were joined",
                 .fix = "remove one of the two lines"});
  }
  samples_.push_back(std::move(sample));
}

void RunFolder::read_samples() {
  const fs::path path = path_ / kSamples;
  complete_ = fs::exists(path_ / kMetrics);
  if (!fs::exists(path)) {
    if (complete_) {
      throw Error({.what = "metrics.json is there but samples.jsonl is not",
                   .where = printable(path_.string()),
                   .cause = "the file was moved or removed",
                   .fix = "put samples.jsonl back, or choose another folder with --out"});
    }
    return;
  }
  const std::string text = read_file(path);
  const std::string where = printable(path.string());
  const size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  size_ = text.size();
  bool any_failed = false;
  for_each_jsonl(std::string_view(text).substr(0, whole), where, [&](size_t line, Json&& sample) {
    any_failed = any_failed || is_failed(sample);
    remember(std::move(sample), where + ":" + std::to_string(line));
  });
  if (whole < text.size()) {
    // Appends never stop inside a number or a string and still close the object, so a tail that
    // parses lacks nothing but its line end; asking it again would be work done twice.
    Json tail =
        Json::parse(text.begin() + static_cast<ptrdiff_t>(whole), text.end(), nullptr, false);
    if (tail.is_object() && tail.contains("key")) {
      files_->append(path)->write("\n");
      ++size_;
      any_failed = any_failed || is_failed(tail);
      remember(std::move(tail), where + ": last line");
      notes_.push_back("completed the last line of samples.jsonl");
    } else {
      files_->truncate(path, whole);
      size_ = whole;
      notes_.push_back("dropped a torn last line of samples.jsonl (" +
                       std::to_string(text.size() - whole) + " bytes)");
    }
  }
  if (any_failed && options_.retry_failed) rewrite_without_failed();
}

void RunFolder::rewrite_without_failed() {
  // The figures first: a kill between the two leaves a run that is resumed, never figures whose
  // samples are gone.
  if (complete_) {
    files_->remove(path_ / kMetrics);
    files_->sync_directory(path_);
    complete_ = false;
  }
  std::vector<Json> kept;
  std::string text;
  for (Json& sample : samples_) {
    if (is_failed(sample)) {
      keys_.erase(sample["key"].get<std::string>());
      continue;
    }
    text += dump_json(sample) + "\n";
    kept.push_back(std::move(sample));
  }
  notes_.push_back(std::to_string(samples_.size() - kept.size()) +
                   " failed samples are asked again");
  samples_ = std::move(kept);
  write_atomic(*files_, path_ / kSamples, text);
  size_ = text.size();
}

void RunFolder::append(std::span<const Json> samples) {
  std::string text;
  for (const Json& sample : samples) {
    remember(sample, printable((path_ / kSamples).string()));
    text += dump_json(sample) + "\n";
  }
  try {
    out_->write(text);
    unsynced_ += static_cast<int>(samples.size());
    if (unsynced_ >= options_.sync_every) {
      out_->sync();
      unsynced_ = 0;
    }
  } catch (const Error&) {
    // Best effort, the next open() repairs it otherwise: leave whole lines behind.
    try {
      files_->truncate(path_ / kSamples, size_);
    } catch (const Error&) {
    }
    throw;
  }
  size_ += text.size();
}

void RunFolder::update_run(const Json& keys) {
  run_.update(keys);
  write_atomic(*files_, path_ / kRun, dump_json(run_, 2) + "\n");
}

void RunFolder::write_metrics(const Json& metrics) {
  out_->sync();
  unsynced_ = 0;
  write_atomic(*files_, path_ / kMetrics, dump_json(metrics, 2) + "\n");
  complete_ = true;
}

}  // namespace vigor
