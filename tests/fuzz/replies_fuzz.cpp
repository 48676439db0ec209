// Exported replies: what is read is written as a line that reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "judges/cache/reply_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    for_each_reply_record(input, "replies.jsonl", [](size_t, ReplyRecord&& record) {
      const std::string line = dump_json(record_to_json(record));
      const ReplyRecord again = record_from_json(parse_json(line, "again"), "again");
      if (dump_json(record_to_json(again)) != line) std::abort();
      if (reply_key(again.identity, again.request) != reply_key(record.identity, record.request)) {
        std::abort();
      }
    });
  } catch (const Error&) {
  }
  return 0;
}
