#include "nightly/config.h"

#include <algorithm>
#include <set>

namespace vigor::nightly {
namespace {

namespace fs = std::filesystem;

Error wrong(const std::string& what, const std::string& where, const std::string& fix) {
  return Error({.what = what, .where = where, .fix = fix, .exit_code = ExitCode::kUsage});
}

bool plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

BenchmarkJob parse_job(const Json& row, const std::string& where, const fs::path& folder) {
  ObjectReader reader(row, where);
  BenchmarkJob job;
  job.command = reader.require<std::vector<std::string>>("command");
  if (job.command.empty()) throw wrong("key 'command' is empty", where, "write [\"pope\", ...]");
  for (const std::string& argument : job.command) {
    if (argument == "--out" || argument.starts_with("--out=")) {
      throw wrong("the command must not have --out", where,
                  "leave it out: every night has its own folder");
    }
  }
  job.name = reader.get<std::string>("name", job.command.front());
  if (!plain_name(job.name)) {
    throw wrong("key 'name' is '" + printable(job.name) + "'", where,
                "a name is a folder: letters, digits, '-' and '_'");
  }
  job.candidate = reader.get<std::string>("candidate", "");
  if (const auto baseline = reader.get<std::string>("baseline", ""); !baseline.empty()) {
    job.baseline = (folder / baseline).lexically_normal();
  }
  job.always = reader.get<bool>("always", false);
  reader.reject_unknown();
  return job;
}

}  // namespace

Config parse_config(const Json& document, const fs::path& file) {
  const std::string where = printable(file.string());
  const fs::path folder = file.parent_path();
  ObjectReader reader(document, where);
  Config config;
  config.folder = (folder / reader.require<std::string>("folder")).lexically_normal();
  config.keep_days = reader.get<int>("keep_days", config.keep_days);
  if (config.keep_days < 0) {
    throw wrong("key 'keep_days' must be 0 (keep everything) or more", where, "60 is the default");
  }
  config.report = reader.get<bool>("report", true);
  const Json* gate = reader.find("gate");
  if (gate == nullptr) {
    throw wrong("missing key 'gate'", where,
                "name a file of rules, or write them here (docs/compare.md)");
  }
  config.gate = gate->is_string() ? reports::read_gate(folder / gate->get<std::string>())
                                  : reports::parse_gate(*gate, where + ": gate");
  const Json* jobs = reader.find("benchmarks");
  reader.reject_unknown();
  if (jobs == nullptr || !jobs->is_array() || jobs->empty()) {
    throw wrong("key 'benchmarks' must be a list of at least one", where,
                "write [{\"command\": [\"pope\", \"--model\", ...]}]");
  }
  std::set<std::string> names;
  for (size_t i = 0; i < jobs->size(); ++i) {
    const std::string place = where + ": benchmark " + std::to_string(i + 1);
    config.benchmarks.push_back(parse_job((*jobs)[i], place, folder));
    if (!names.insert(config.benchmarks.back().name).second) {
      throw wrong("a second benchmark is named " + config.benchmarks.back().name, place,
                  "give it another \"name\"");
    }
  }
  return config;
}

Config read_config(const fs::path& path) {
  return parse_config(read_json_file(path), path);
}

}  // namespace vigor::nightly
