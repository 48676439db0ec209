#include "run/run_folder.h"

#include <algorithm>

#include "base/atomic_file.h"
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

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
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

void RunFolder::remember(Json sample, const Place& place, const std::string& where) {
  const auto key = sample.find("key");
  if (key == sample.end() || !key->is_string()) {
    throw Error({.what = "the sample has no \"key\"", .where = where});
  }
  if (!keys_.emplace(key->get<std::string>(), places_.size()).second) {
    throw Error({.what = "a second sample with the key " + printable(key->get<std::string>()),
                 .where = where,
                 .cause = "the file was edited, or two runs were joined",
                 .fix = "remove one of the two lines"});
  }
  places_.push_back(place);
  if (options_.keep_samples) samples_.push_back(std::move(sample));
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
  const MappedFile file(path);
  const std::string_view text = text_of(file);
  const std::string where = printable(path.string());
  const size_t whole = text.rfind('\n') == std::string_view::npos ? 0 : text.rfind('\n') + 1;
  size_ = text.size();
  const auto add = [&](Json&& sample, const Place& place, const std::string& at) {
    if (is_failed(sample)) failed_.push_back(places_.size());
    remember(std::move(sample), place, at);
  };
  size_t number = 0;
  Place line;
  for_each_jsonl(text.substr(0, whole), where, [&](size_t wanted, Json&& sample) {
    for (; number < wanted; ++number) {
      if (number > 0) line.start += line.size + 1;
      line.size = text.find('\n', line.start) - line.start;
    }
    add(std::move(sample), line, where + ":" + std::to_string(wanted));
  });
  if (whole < text.size()) {
    // Appends never stop inside a number or a string and still close the object, so a tail that
    // parses lacks nothing but its line end; asking it again would be work done twice.
    const std::string_view rest = text.substr(whole);
    Json tail = Json::parse(rest.begin(), rest.end(), nullptr, false);
    if (tail.is_object() && tail.contains("key")) {
      files_->append(path)->write("\n");
      ++size_;
      add(std::move(tail), {whole, rest.size()}, where + ": last line");
      notes_.push_back("completed the last line of samples.jsonl");
    } else {
      notes_.push_back("dropped a torn last line of samples.jsonl (" + std::to_string(rest.size()) +
                       " bytes)");
      files_->truncate(path, whole);
      size_ = whole;
    }
  }
  if (!failed_.empty() && options_.retry_failed) rewrite_without_failed();
}

void RunFolder::rewrite_without_failed() {
  // The figures first: a kill between the two leaves a run that is resumed, never figures whose
  // samples are gone.
  if (complete_) {
    files_->remove(path_ / kMetrics);
    files_->sync_directory(path_);
    complete_ = false;
  }
  const auto is_dropped = [&](size_t sample) {
    return std::binary_search(failed_.begin(), failed_.end(), sample);
  };
  const std::vector<Place> before = std::move(places_);
  places_.clear();
  std::vector<size_t> index(before.size());
  const MappedFile file(path_ / kSamples);
  AtomicFile out(*files_, path_ / kSamples);
  size_ = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (is_dropped(i)) continue;
    const std::string_view line = text_of(file).substr(before[i].start, before[i].size);
    out.write(line);
    out.write("\n");
    index[i] = places_.size();
    places_.push_back({size_, line.size()});
    size_ += line.size() + 1;
  }
  out.commit();
  std::erase_if(keys_, [&](const auto& key) { return is_dropped(key.second); });
  for (auto& [key, sample] : keys_) sample = index[sample];
  if (options_.keep_samples) std::erase_if(samples_, is_failed);
  notes_.push_back(std::to_string(failed_.size()) + " failed samples are asked again");
}

void RunFolder::for_each_line(std::span<const std::string> keys,
                              const std::function<void(std::string_view line)>& line) const {
  if (keys.empty()) return;
  const MappedFile file(path_ / kSamples);
  for (const std::string& key : keys) {
    const Place& place = places_[keys_.at(key)];
    line(text_of(file).substr(place.start, place.size));
  }
}

void RunFolder::append(std::span<const Json> samples) {
  std::string text;
  for (const Json& sample : samples) {
    const std::string line = dump_json(sample);
    remember(sample, {size_ + text.size(), line.size()}, printable((path_ / kSamples).string()));
    text += line + "\n";
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
