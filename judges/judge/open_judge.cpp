#include "judges/judge/open_judge.h"

#include "base/files.h"
#include "judges/cache/cached_chat.h"

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
    throw Error({.what = judges.empty() ? "the file holds no replies"
                                        : "the file holds replies of " +
                                              std::to_string(judges.size()) + " judges",
                 .where = printable(file),
                 .fix = judges.empty() ? "give a file that 'vigor-eval judge export' wrote"
                                       : "export those of one: vigor-eval judge export --number N"});
  }
  return std::make_unique<CachedChat>(judges.front().identity, std::move(store));
}

}  // namespace

std::unique_ptr<ChatClient> open_judge(const JudgeOptions& options, const JudgeContext&) {
  if (options.config.starts_with(kRecorded)) {
    return open_recorded(options.config.substr(kRecorded.size()));
  }
  throw Error({.what = "this judge is not known",
               .where = printable(options.config),
               .fix = "give recorded:FILE.jsonl"});
}

}  // namespace vigor
