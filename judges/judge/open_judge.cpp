#include "judges/judge/open_judge.h"

#include "base/files.h"
#include "judges/cache/cached_chat.h"
#include "judges/judge/judge_config.h"

namespace vigor {
namespace {

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

HttpChatOptions http_options(const JudgeOptions& options, const Environment& environment,
                             Keys keys) {
  HttpChatOptions http = is_endpoint_address(options.config)
                             ? parse_endpoint_address(options.config, environment, keys)
                             : read_judge_config(options.config, environment, keys);
  http.budget = options.budget;
  http.deadline_s = options.deadline_s;
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
      {.clock = context.clock, .random = CounterRandom(context.jitter_seed, "chat backoff")});
  if (off) return client;
  if (reads) {
    return std::make_unique<CachedChat>(client->identity(),
                                        ReplyStore(options.cache_file, StoreAccess::kRead));
  }
  return std::make_unique<CachedChat>(std::move(client),
                                      ReplyStore(options.cache_file, StoreAccess::kWrite));
}

}  // namespace vigor
