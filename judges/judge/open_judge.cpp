#include "judges/judge/open_judge.h"

#include <algorithm>
#include <set>

#include "base/files.h"
#include "judges/cache/cached_chat.h"
#include "judges/judge/judge_config.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRecorded = "recorded:";

std::unique_ptr<ChatClient> open_recorded(const std::string& file) {
  ReplyStore store = ReplyStore::in_memory();
  std::vector<ReplyRecord> records;
  for_each_reply_record(read_file(file), file, [&](size_t, ReplyRecord&& record) {
    records.push_back(std::move(record));
  });
  store.put_all(records);
  const std::vector<StoredJudge> judges = store.judges();
  if (judges.size() != 1) {
    throw Error(
        {.what = judges.empty()
                     ? "the file holds no replies"
                     : "the file holds replies of " + std::to_string(judges.size()) + " judges",
         .where = printable(file),
         .fix = judges.empty() ? "give a file that 'vigor-eval judge export' wrote"
                               : "export those of one: vigor-eval judge export --number N"});
  }
  return std::make_unique<CachedChat>(judges.front().identity, std::move(store));
}

// Configurations of the folders as "FILE.json (model NAME)"; with `wanted`, those whose file or
// model has it in its name.
std::vector<std::string> configurations(const std::vector<fs::path>& folders,
                                        const std::string& wanted) {
  std::set<std::string> seen;
  std::vector<std::string> out;
  for (const fs::path& folder : folders) {
    std::error_code error;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      if (file.extension() != ".json") continue;
      std::string model;
      try {
        model = parse_json(read_file(file), file.string()).at("model").get<std::string>();
      } catch (const std::exception&) {
        continue;  // no configuration
      }
      const std::string stem = file.stem().string();
      const bool fits = model.find(wanted) != std::string::npos ||
                        nearest_name(wanted, {stem, model}) != "" || stem == wanted;
      if (!fits || !seen.insert(file.filename().string()).second) continue;
      const std::string near = fs::proximate(file, error).string();
      const std::string shown =
          error || near.empty() || near.starts_with("..") ? file.string() : near;
      out.push_back(printable(shown) + " (model " + printable(model) + ")");
    }
  }
  return out;
}

[[noreturn]] void refuse_name(const JudgeOptions& options) {
  // "configs/judges/gpt-4.json" means "gpt-4".
  std::string wanted = fs::path(options.config).filename().string();
  if (wanted.ends_with(".json")) wanted.resize(wanted.size() - 5);
  std::vector<std::string> found = configurations(options.known_configs, wanted);
  const bool fits = !found.empty();
  if (!fits) found = configurations(options.known_configs, "");
  std::string fix = fits ? "give " : "give a file as in configs/judges";
  if (!fits && !found.empty()) fix += ": ";
  for (size_t i = 0; i < found.size(); ++i) fix += (i == 0 ? "" : ", or ") + found[i];
  throw Error(
      {.what = "no such file of a judge's configuration",
       .where = "--judge " + printable(options.config),
       .cause = "--judge takes a file that names the endpoint, model and key, or an address",
       .fix = fix + "; or the address of an endpoint: http://host/v1#" +
              (wanted.empty() ? "model" : printable(wanted)),
       .exit_code = ExitCode::kUsage});
}

HttpChatOptions http_options(const JudgeOptions& options, const Environment& environment,
                             Keys keys) {
  std::error_code error;
  if (!is_endpoint_address(options.config) && !fs::exists(options.config, error)) {
    refuse_name(options);
  }
  HttpChatOptions http = is_endpoint_address(options.config)
                             ? parse_endpoint_address(options.config, environment, keys)
                             : read_judge_config(options.config, environment, keys);
  http.budget = options.budget;
  http.spending_file = options.spending_file;
  if (http.budget && http.prices.input_per_million == 0 && http.prices.output_per_million == 0) {
    throw Error(
        {.what = "--budget needs prices, and nothing says what this judge's replies cost",
         .where = "--judge " + printable(options.config),
         .fix = is_endpoint_address(options.config)
                    ? "name the judge by a file with its \"url\", \"model\" and \"prices\" "
                      "(as in configs/judges), or leave --budget out"
                    : "add \"prices\": {\"input_per_million\": 2.5, \"output_per_million\": 10} "
                      "to the file, or leave --budget out",
         .exit_code = ExitCode::kUsage});
  }
  http.deadline_s = options.deadline_s;
  if (options.max_tries) http.max_tries = *options.max_tries;
  return http;
}

}  // namespace

std::unique_ptr<ChatClient> open_judge(const JudgeOptions& options, const JudgeContext& context) {
  if (options.config.starts_with(kRecorded)) {
    return open_recorded(options.config.substr(kRecorded.size()));
  }
  const bool off = options.cache_mode == "off";
  const bool reads = options.cache_mode == "read";
  if (!off && !reads && options.cache_mode != "write") {
    throw Error({.what = "unknown mode of the judge cache: " + printable(options.cache_mode),
                 .fix = "off, read or write",
                 .exit_code = ExitCode::kUsage});
  }
  if (!off && options.cache_file.empty()) {
    throw Error({.what = "the judge cache has no file",
                 .fix = "name one with --judge-cache-file, or say --judge-cache off",
                 .exit_code = ExitCode::kUsage});
  }
  std::unique_ptr<ChatClient> client = make_http_chat(
      http_options(options, context.environment, reads ? Keys::kLeave : Keys::kFetch),
      {.clock = context.clock,
       .random = CounterRandom(context.jitter_seed, "chat backoff"),
       .trouble = context.trouble});
  if (off) return client;
  if (reads) {
    return std::make_unique<CachedChat>(client->identity(),
                                        ReplyStore(options.cache_file, StoreAccess::kRead));
  }
  return std::make_unique<CachedChat>(std::move(client),
                                      ReplyStore(options.cache_file, StoreAccess::kWrite));
}

}  // namespace vigor
