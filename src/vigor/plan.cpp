#include "vigor/plan.h"

#include <algorithm>
#include <cmath>

#include "base/progress.h"
#include "run/sha256.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// Raised when the same options come to mean another result.
constexpr int kPlanRules = 1;
constexpr size_t kFolderDigits = 12;

}  // namespace

const char* name_of(JobState state) {
  switch (state) {
    case JobState::kDone:
      return "done";
    case JobState::kToDo:
      return "to do";
    case JobState::kStopped:
      return "goes on";
    case JobState::kWaits:
      return "waits";
    default:
      return "missing";
  }
}

Plan::Plan(fs::path out, ContentHash content) : out_(std::move(out)), content_(std::move(content)) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(out_ / "work", none)) {
    const fs::path file = entry.path() / "job.json";
    if (!fs::is_regular_file(file, none)) continue;
    try {
      const Json job = read_json_file(file);
      ObjectReader reader(job, file.string());
      const auto seconds = reader.get<double>("seconds", 0);
      const auto units = reader.get<double>("units", 0);
      if (!(seconds > 0) || !(units > 0)) continue;
      auto& [all_units, all_seconds] = measured_[reader.get<std::string>("kind", "")];
      all_units += units;
      all_seconds += seconds;
    } catch (const Error&) {
      continue;  // it is done again, if it is still wanted
    }
  }
}

std::string Plan::input(const std::string& path) {
  if (inputs_.count(path) != 0) return path;
  const auto content = content_(path);
  // random:GEOMETRY.json and http://host/v1#name are no files of their own.
  if (!content && path.find(':') != std::string::npos) return path;
  inputs_[path] = content.value_or("");
  return path;
}

// Paths stand for what they hold, whatever they are called and wherever OUT lies.
std::string Plan::keyed_text(const std::string& text, Reading& reading) {
  const std::string work = (out_ / "work").string() + "/";
  // PATH, NAME=PATH, scenes:PATH; npos + 1 is 0.
  for (const size_t start : {size_t{0}, text.find('=') + 1, text.find(':') + 1}) {
    const std::string path = text.substr(start);
    const std::string before = text.substr(0, start);
    if (path.starts_with(work)) {
      const std::string rest = path.substr(work.size());
      const auto job = by_folder_.find(rest.substr(0, rest.find('/')));
      if (job == by_folder_.end()) continue;
      reading.needs.insert(job->second);
      return before + "result " + jobs_[job->second].key + rest.substr(job->first.size());
    }
    if (path.starts_with(out_.string() + "/"))
      return before + "out " + path.substr(out_.string().size());
    const auto known = inputs_.find(path);
    if (known != inputs_.end()) {
      if (known->second.empty() && reading.missing.empty()) reading.missing = path;
      return before + "content " + known->second;
    }
    if (path.find('/') == std::string::npos) continue;
    if (const auto content = content_(path)) return before + "content " + *content;
  }
  return text;
}

Json Plan::keyed(const Json& value, Reading& reading) {
  if (value.is_string()) return keyed_text(value.get<std::string>(), reading);
  if (!value.is_structured()) return value;
  Json out = value.is_array() ? Json::array() : Json::object();
  if (value.is_array()) {
    for (const Json& one : value) out.push_back(keyed(one, reading));
    return out;
  }
  for (const auto& [name, one] : value.items()) out[name] = keyed(one, reading);
  return out;
}

size_t Plan::add(PlanJob job) {
  if (job.outputs.empty()) job.outputs = {job.out};
  Reading reading;
  const Json config = keyed(job.config, reading);
  const std::string key = sha256_hex(dump_json({{"rules", kPlanRules},
                                                {"kind", job.kind},
                                                {"command", job.command},
                                                {"config", config},
                                                {"out", job.out},
                                                {"missing", reading.missing}}));
  if (const auto known = by_key_.find(key); known != by_key_.end()) return known->second;
  PlannedJob planned;
  const std::string name = job.kind + "-" + key.substr(0, kFolderDigits);
  planned.key = key;
  planned.folder = out_ / "work" / name;
  planned.needs.assign(reading.needs.begin(), reading.needs.end());
  planned.missing = reading.missing;
  planned.job = std::move(job);
  const size_t index = jobs_.size();
  by_key_[key] = index;
  by_folder_[name] = index;
  jobs_.push_back(std::move(planned));
  return index;
}

std::string Plan::result(size_t job, const std::string& name) const {
  return (jobs_.at(job).folder / name).string();
}

bool Plan::done(const PlannedJob& planned) const {
  std::error_code none;
  const fs::path file = planned.folder / "job.json";
  if (!fs::is_regular_file(file, none)) return false;
  try {
    const Json record = read_json_file(file);
    ObjectReader reader(record, file.string());
    if (reader.get<std::string>("key", "") != planned.key) return false;
    const auto outputs = reader.require<std::map<std::string, std::string>>("outputs");
    return std::all_of(planned.job.outputs.begin(), planned.job.outputs.end(),
                       [&](const std::string& name) {
                         const auto recorded = outputs.find(name);
                         return recorded != outputs.end() &&
                                content_((planned.folder / name).string()) == recorded->second;
                       });
  } catch (const Error&) {
    return false;  // torn or foreign: the job runs again
  }
}

void Plan::look() {
  std::error_code none;
  for (PlannedJob& planned : jobs_) {
    if (done(planned)) {
      planned.state = JobState::kDone;
    } else if (!planned.missing.empty()) {
      planned.state = JobState::kMissing;
    } else if (std::any_of(planned.needs.begin(), planned.needs.end(),
                           [&](size_t need) { return jobs_[need].state != JobState::kDone; })) {
      planned.state = JobState::kWaits;
    } else {
      planned.state = fs::is_regular_file(planned.folder / "config.json", none) ? JobState::kStopped
                                                                                : JobState::kToDo;
    }
  }
}

std::string Plan::missing_output(size_t job) const {
  const PlannedJob& planned = jobs_.at(job);
  for (const std::string& name : planned.job.outputs) {
    std::error_code none;
    if (!fs::exists(planned.folder / name, none)) return name;
  }
  return "";
}

void Plan::finish(FileSystem& files, size_t job, std::optional<double> seconds) {
  PlannedJob& planned = jobs_.at(job);
  Json outputs = Json::object();
  for (const std::string& name : planned.job.outputs) {
    const std::string path = (planned.folder / name).string();
    const auto content = content_(path);
    if (!content) {
      throw Error({.what = "a result cannot be read", .where = printable(path)});
    }
    outputs[name] = *content;
  }
  const double units = planned.job.units;
  write_atomic(files, planned.folder / "job.json",
               dump_json({{"key", planned.key},
                          {"kind", planned.job.kind},
                          {"title", planned.job.title},
                          {"outputs", outputs},
                          {"units", units > 0 ? Json(units) : Json()},
                          {"unit", planned.job.unit},
                          {"seconds", seconds ? Json(*seconds) : Json()}},
                         2) +
                   "\n");
  planned.state = JobState::kDone;
  for (const std::string& name : planned.job.scratch) {
    std::error_code kept;  // it costs room, and nothing else
    fs::remove_all(planned.folder / name, kept);
  }
  if (seconds && *seconds > 0 && units > 0) {
    auto& [all_units, all_seconds] = measured_[planned.job.kind];
    all_units += units;
    all_seconds += *seconds;
  }
}

std::optional<double> Plan::rate(const std::string& kind) const {
  const auto found = measured_.find(kind);
  if (found == measured_.end()) return std::nullopt;
  return found->second.first / found->second.second;
}

std::optional<double> Plan::estimate(size_t job) const {
  const PlanJob& one = jobs_.at(job).job;
  const auto units_per_second = rate(one.kind);
  if (!units_per_second || !(one.units > 0)) return std::nullopt;
  return one.units / *units_per_second;
}

PlanTime Plan::time_left(size_t at_a_time, const std::map<size_t, double>& elapsed) const {
  PlanTime out;
  std::set<std::pair<double, size_t>> running;  // by the second that each ends in
  std::vector<bool> open(jobs_.size());
  for (size_t i = 0; i < jobs_.size(); ++i) open[i] = jobs_[i].state != JobState::kDone;
  std::vector<bool> waits = open;
  const auto begin = [&](size_t job, double now, double before) {
    const auto whole = estimate(job);
    out.unknown += whole ? 0 : 1;
    running.insert({now + std::max(0.0, whole.value_or(0) - before), job});
    waits[job] = false;
  };
  for (const auto& [job, seconds] : elapsed) begin(job, 0, seconds);
  const auto can_begin = [&](size_t job) {
    const std::string& resource = jobs_[job].job.resource;
    return waits[job] &&
           std::none_of(jobs_[job].needs.begin(), jobs_[job].needs.end(),
                        [&](size_t need) { return open[need]; }) &&
           (resource.empty() || std::none_of(running.begin(), running.end(), [&](const auto& one) {
              return jobs_[one.second].job.resource == resource;
            }));
  };
  while (true) {
    for (size_t i = 0; i < jobs_.size() && running.size() < at_a_time; ++i) {
      if (can_begin(i)) begin(i, out.seconds, 0);
    }
    if (running.empty()) return out;
    out.seconds = running.begin()->first;
    open[running.begin()->second] = false;
    running.erase(running.begin());
  }
}

std::string plan_text(const Plan& plan, size_t at_a_time) {
  std::string out;
  size_t done = 0;
  for (size_t i = 0; i < plan.jobs().size(); ++i) {
    const PlannedJob& planned = plan.jobs()[i];
    const bool is_done = planned.state == JobState::kDone;
    const auto time = plan.estimate(i);
    done += is_done;
    std::string state = name_of(planned.state);
    state.resize(8, ' ');
    // Of what has no rate yet, how much it is.
    std::string time_text = time ? format_duration(*time) : "?";
    if (!time && planned.job.units > 0) {
      time_text = dump_json(Json(std::llround(planned.job.units))) + " " + planned.job.unit;
    }
    if (is_done) time_text.clear();
    time_text.resize(std::max<size_t>(time_text.size() + 2, 22), ' ');
    out += state + time_text + planned.job.title;
    if (!planned.missing.empty()) out += " (no " + printable(planned.missing) + ")";
    out += "\n";
  }
  const size_t open = plan.jobs().size() - done;
  const auto [seconds, unknown] = plan.time_left(at_a_time);
  out += std::to_string(plan.jobs().size()) + " jobs: " + std::to_string(done) + " done, " +
         std::to_string(open) + " to do";
  if (open > 0) {
    out += "; time: ";
    if (unknown < open) {
      out += "about " + format_duration(seconds);
      if (at_a_time > 1) out += " with " + std::to_string(at_a_time) + " jobs at a time";
    }
    if (unknown == open) {
      out += "not known before the first of each kind has ended";
    } else if (unknown > 0) {
      out += " and that of " + std::to_string(unknown) + " jobs whose rate is not known yet";
    }
  }
  return out + "\n";
}

Json plan_json(const Plan& plan) {
  Json jobs = Json::array();
  for (size_t i = 0; i < plan.jobs().size(); ++i) {
    const PlannedJob& planned = plan.jobs()[i];
    const auto time = plan.estimate(i);
    jobs.push_back({{"kind", planned.job.kind},
                    {"title", planned.job.title},
                    {"command", planned.job.command},
                    {"folder", planned.folder.string()},
                    {"needs", planned.needs},
                    {"state", name_of(planned.state)},
                    {"missing", planned.missing.empty() ? Json() : Json(planned.missing)},
                    {"estimate_s", time ? Json(*time) : Json()}});
  }
  return jobs;
}

}  // namespace vigor
